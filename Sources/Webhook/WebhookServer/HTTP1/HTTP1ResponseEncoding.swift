import NIOCore

extension ServerResponse {
    /// Writes head and body as HTTP/1.1 into one buffer, so that a usual answer fits one TLS record.
    ///
    /// - Parameter hasBody: false for an answer to HEAD.
    func writeHTTP1(into buffer: inout ByteBuffer, date: String, closes: Bool, hasBody: Bool = true) {
        buffer.reserveCapacity(minimumWritableBytes: 256 + body.readableBytes)
        if status == 200 {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\ncontent-type: ")
        } else {
            buffer.writeString("HTTP/1.1 \(status) \(Self.reasonPhrase(status))\r\ncontent-type: ")
        }
        buffer.writeString(contentType)
        buffer.writeStaticString("\r\ncontent-length: ")
        buffer.writeString(String(body.readableBytes))
        buffer.writeStaticString("\r\ndate: ")
        buffer.writeString(date)
        for header in headers {
            buffer.writeString("\r\n\(header.name): \(header.value)")
        }
        if closes {
            buffer.writeStaticString("\r\nconnection: close\r\n\r\n")
        } else {
            buffer.writeStaticString("\r\n\r\n")
        }
        if hasBody { buffer.writeImmutableBuffer(body) }
    }

    private static func reasonPhrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        default: "Status"
        }
    }
}
