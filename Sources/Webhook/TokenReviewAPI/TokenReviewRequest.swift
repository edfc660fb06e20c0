import Jansson
public import OpenSSL

/// The API server's question to whom a token belongs.
///
/// Source: Kubernetes API reference, TokenReview `authentication.k8s.io/v1`.
public struct TokenReviewRequest: Sendable {
    /// The version of the request, which the answer must repeat.
    public let version: TokenReviewVersion
    /// The audiences that the API server accepts; empty if it named none.
    public let audiences: [String]
    /// The token as it was sent, in UTF-8; empty if it is missing.
    public let token: SecureBytes

    /// Largest number of values in a body; kube-apiserver's have about ten.
    static let maximumValues = 10_000

    /// Reads the body of a request in one pass; only the token is copied.
    ///
    /// Strings may contain the character 0: somebody else chooses the token, and such a token is decided like every
    /// other one that is no token of Entra's.
    ///
    /// - Parameter maximumBytes: larger bodies are refused without being read.
    /// - Throws: ``TokenReviewProblem`` if this is not a token review.
    public init(
        decoding body: UnsafeRawBufferPointer,
        maximumBytes: Int = .max
    ) throws(TokenReviewProblem) {
        let review: ScannedJSON
        do {
            review = try ScannedJSON(
                scanning: body, maximumBytes: maximumBytes, maximumDepth: Self.maximumDepth,
                maximumValues: Self.maximumValues, strictness: JSONStrictness(acceptsZero: true))
        } catch {
            throw TokenReviewProblem(error)
        }
        version = try Self.version(of: review)
        guard let spec = review["spec"], spec.kind == .object else { throw .specMissing }
        // Go leaves out an empty token, so a missing token is decided like an empty one and is not an error.
        if let value = spec["token"] {
            guard let copy = value.withStringBytes({ SecureBytes(copying: $0) }) else { throw .tokenNotText }
            token = copy
        } else {
            token = SecureBytes(copying: UnsafeRawBufferPointer(start: nil, count: 0))
        }
        audiences = try Self.texts(spec["audiences"], or: .audiencesNotTexts)
    }

    /// Calls a closure with the token's bytes, valid only during the call; empty if it is missing.
    public func withToken<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        token.withUnsafeBytes(body)
    }

    static let maximumDepth = 16

    /// The part that requests and answers share: an object of the right kind and version.
    static func review(
        in body: UnsafeRawBufferPointer,
        maximumBytes: Int
    ) throws(TokenReviewProblem) -> (value: JSONValue, version: TokenReviewVersion) {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: body, maximumBytes: maximumBytes, maximumDepth: maximumDepth)
        } catch {
            throw TokenReviewProblem(error)
        }
        return (document.root, try version(of: document.root))
    }

    private static func version(of review: some JSONReadable) throws(TokenReviewProblem) -> TokenReviewVersion {
        guard review.kind == .object else { throw .notAnObject }
        guard review["kind"]?.string == TokenReviewVersion.kind else { throw .wrongKind }
        guard let version = review["apiVersion"]?.string.flatMap(TokenReviewVersion.init) else { throw .wrongVersion }
        return version
    }

    static func texts(
        _ value: (some JSONReadable)?,
        or problem: TokenReviewProblem
    ) throws(TokenReviewProblem) -> [String] {
        guard let value, !value.isNull else { return [] }
        guard let elements = value.array else { throw problem }
        var texts: [String] = []
        for element in elements {
            guard let text = element.string else { throw problem }
            texts.append(text)
        }
        return texts
    }
}

extension TokenReviewRequest {
    /// The body that kube-apiserver would send.
    public static func encode(
        token: String,
        audiences: [String] = [],
        version: TokenReviewVersion = .v1
    ) -> [UInt8] {
        var text = JSONText(capacity: token.utf8.count + 256)
        text.raw("{\"kind\":\"TokenReview\",\"apiVersion\":")
        text.string(version.rawValue)
        text.raw(",\"metadata\":{\"creationTimestamp\":null},\"spec\":{\"token\":")
        text.string(token)
        if !audiences.isEmpty {
            text.raw(",\"audiences\":")
            text.strings(audiences)
        }
        text.raw("},\"status\":{\"user\":{}}}")
        return text.bytes
    }
}
