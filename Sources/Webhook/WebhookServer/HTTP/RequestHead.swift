/// The head of a request, the same for HTTP/1.1 and HTTP/2.
struct RequestHead: Equatable {
    enum Method: Equatable {
        case post
        case get
        case other
    }

    /// How the end of the body is known.
    enum BodyLength: Equatable {
        case none
        case bytes(Int)
        /// Chunked, or an HTTP/2 stream without a length.
        case untilEnd
    }

    /// What the client expects before it continues (RFC 9110 section 10.1.1).
    enum Expectation: Equatable {
        case none
        case continuation
        /// An expectation that HTTP does not define.
        case unknown

        init(_ value: String) {
            self = value.lowercased() == "100-continue" ? .continuation : .unknown
        }
    }

    var method: Method
    /// The request target, with its query.
    var target: String
    var contentType: String?
    var body: BodyLength
    var expectation = Expectation.none

    /// The target without its query.
    var path: Substring { target.utf8.firstIndex(of: UInt8(ascii: "?")).map { target[..<$0] } ?? target[...] }

    /// Whether a body of this type may be a TokenReview; a missing type is accepted.
    var isJSON: Bool {
        // The form of Go and most other clients.
        guard let contentType, contentType != "application/json" else { return true }
        let type = contentType.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        return type.lowercased() == "application/json"
    }
}
