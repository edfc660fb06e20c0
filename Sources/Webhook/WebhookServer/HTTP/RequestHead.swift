/// What is known of a request before its body: the same for HTTP/1.1 and HTTP/2.
struct RequestHead: Equatable {
    enum Method: Equatable {
        case post
        case get
        case other
    }

    /// How the body's end is known.
    enum BodyLength: Equatable {
        case none
        case bytes(Int)
        /// Chunked, or an HTTP/2 stream without a length.
        case untilEnd
    }

    /// What the client wants to be told before it goes on (RFC 9110 section 10.1.1).
    enum Expectation: Equatable {
        case none
        case continuation
        /// Nothing that HTTP knows.
        case unknown

        init(_ value: String) {
            self = value.lowercased() == "100-continue" ? .continuation : .unknown
        }
    }

    var method: Method
    /// With its query.
    var target: String
    var contentType: String?
    var body: BodyLength
    var expectation = Expectation.none

    var path: Substring { target.prefix { $0 != "?" } }

    /// Whether a body of that type may hold a TokenReview; a missing type is not held against the client.
    var isJSON: Bool {
        // As Go and most others write it.
        guard let contentType, contentType != "application/json" else { return true }
        let type = contentType.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        return type.lowercased() == "application/json"
    }
}
