/// Kubernetes' form of an error about a request.
///
/// Source: Kubernetes API conventions, "Response Status Kind".
public enum StatusObject {
    /// The JSON bytes of a failure.
    ///
    /// - Parameters:
    ///   - code: the HTTP status.
    ///   - message: a constant sentence without any part of the request.
    public static func encode(code: Int, message: String) -> [UInt8] {
        var text = JSONText(capacity: 256)
        text.raw("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\",\"message\":")
        text.string(message)
        if let reason = reason(code) {
            text.raw(",\"reason\":")
            text.string(reason)
        }
        text.raw(",\"code\":")
        text.number(Int64(code))
        text.raw("}")
        return text.bytes
    }

    /// The matching `metav1.StatusReason`; nil if there is none.
    private static func reason(_ code: Int) -> String? {
        switch code {
        case 400: "BadRequest"
        case 403: "Forbidden"
        case 404: "NotFound"
        case 405: "MethodNotAllowed"
        case 413: "RequestEntityTooLarge"
        case 415: "UnsupportedMediaType"
        case 503: "ServiceUnavailable"
        default: nil
        }
    }
}
