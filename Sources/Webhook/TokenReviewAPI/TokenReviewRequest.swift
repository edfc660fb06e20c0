import Jansson
import OpenSSL

/// A question of the API server: whose token is this?
///
/// Source: Kubernetes API reference, TokenReview `authentication.k8s.io/v1`.
public struct TokenReviewRequest: Sendable {
    public let version: TokenReviewVersion
    /// For whom the API server wants the token to be; empty where it did not say.
    public let audiences: [String]
    private let token: Token

    private enum Token: Sendable {
        case missing
        /// Keeps the parsed body, so that the token is lent instead of copied.
        case parsed(JSONValue)
        case plain(CleansedBytes)
    }

    /// Reads the body of a request.
    ///
    /// - Parameter maximumBytes: more than that is refused unread.
    public init(
        decoding body: UnsafeRawBufferPointer,
        maximumBytes: Int = .max
    ) throws(TokenReviewProblem) {
        if body.count <= maximumBytes, let plain = PlainTokenReview(body) {
            version = plain.version
            audiences = plain.audiences
            token = .plain(CleansedBytes(copying: plain.token))
            return
        }
        let root = try TokenReviewRequest.review(in: body, maximumBytes: maximumBytes)
        guard let spec = root.value["spec"], spec.kind == .object else { throw .specMissing }
        version = root.version
        // An empty token is left out by Go, so that a missing one is a decision and no error.
        token = spec["token"].map(Token.parsed) ?? .missing
        if case .parsed(let value) = token, value.kind != .string { throw .tokenNotText }
        audiences = try TokenReviewRequest.texts(spec["audiences"], or: .audiencesNotTexts)
    }

    /// Lends the token as it was sent, in UTF-8; empty where there was none.
    public func withToken<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch token {
        case .plain(let copy): return copy.withUnsafeBytes(body)
        case .parsed(let value):
            if let result = value.withStringBytes(body) { return result }
        case .missing: break
        }
        return body(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// The parts that questions and answers share: an object of the right kind and version.
    static func review(
        in body: UnsafeRawBufferPointer,
        maximumBytes: Int
    ) throws(TokenReviewProblem) -> (value: JSONValue, version: TokenReviewVersion) {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: body, maximumBytes: maximumBytes, maximumDepth: 16)
        } catch {
            throw error.code == .tooDeep ? .tooDeep : .notJSON
        }
        let root = document.root
        guard root.kind == .object else { throw .notAnObject }
        guard root["kind"]?.string == TokenReviewVersion.kind else { throw .wrongKind }
        guard let version = root["apiVersion"]?.string.flatMap(TokenReviewVersion.init) else { throw .wrongVersion }
        return (root, version)
    }

    static func texts(
        _ value: JSONValue?,
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
        text.raw("{\"kind\":\"TokenReview\",\"apiVersion\":\"\(version.rawValue)\"")
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
