public import AccessPolicy
public import Entra
import Jansson

/// The answer to a TokenReview.
public struct TokenReviewAnswer: Sendable, Hashable {
    /// The version of the request.
    public var version: TokenReviewVersion
    /// Whether the token was accepted.
    public var isAuthenticated: Bool
    /// The user; nil unless the token was accepted.
    public var user: KubernetesUser?
    /// Empty if left out, which means the API server's own audiences.
    public var audiences: [String]
    /// `status.error`: why the token was refused; nil if it belongs to another authenticator.
    public var error: String?

    public init(
        version: TokenReviewVersion,
        isAuthenticated: Bool,
        user: KubernetesUser? = nil,
        audiences: [String] = [],
        error: String? = nil
    ) {
        self.version = version
        self.isAuthenticated = isAuthenticated
        self.user = user
        self.audiences = audiences
        self.error = error
    }
}

extension TokenReviewAnswer {
    /// Encodes an accepted token. The token is never repeated: `spec` stays empty.
    ///
    /// `status.audiences` is left out, because Entra's audiences are not those of Kubernetes.
    public static func encodeAccepted(_ user: KubernetesUser, version: TokenReviewVersion) -> [UInt8] {
        var text = JSONText(capacity: 1024 + (user.namedGroups.count + user.objectIDGroups.count) * 40)
        text.raw(prefix(version))
        text.raw("\"authenticated\":true,\"user\":{\"username\":")
        text.string(user.username)
        text.raw(",\"uid\":")
        let facts = user.facts
        if let facts { text.id(facts.objectID) } else { text.string(user.uid) }
        text.raw(",\"groups\":")
        text.groups(of: user)
        text.raw(",\"extra\":{")
        if let facts { text.extra(facts) } else { text.extra(user.extra) }
        text.raw("}}}}")
        return text.bytes
    }

    /// Encodes a refused token. If it belongs to another authenticator there is no error, so that the API server may
    /// cache the answer.
    ///
    /// - Parameter sentence: replaces the reason's own sentence; must not contain values of the token.
    public static func encodeRefused(
        _ reason: RefusalReason,
        sentence: String? = nil,
        decisionID: String,
        version: TokenReviewVersion
    ) -> [UInt8] {
        var text = JSONText(capacity: 512)
        text.raw(prefix(version))
        text.raw("\"authenticated\":false,\"user\":{}")
        if !reason.isForeign {
            text.raw(",\"error\":")
            text.raw("\"kube-entra: ")
            text.escaped(reason.code)
            text.raw(": ")
            text.escaped(sentence ?? reason.sentence)
            text.raw(" (decision ")
            text.escaped(decisionID)
            text.raw(")\"")
        }
        text.raw("}}")
        return text.bytes
    }

    /// Reads an answer, as the API server does.
    ///
    /// - Throws: ``TokenReviewProblem`` if this is not an answer.
    public init(
        decoding body: UnsafeRawBufferPointer,
        maximumBytes: Int = .max
    ) throws(TokenReviewProblem) {
        let root = try TokenReviewRequest.review(in: body, maximumBytes: maximumBytes)
        guard let status = root.value["status"], status.kind == .object else { throw .statusMissing }
        version = root.version
        if let authenticated = status["authenticated"] {
            guard let value = authenticated.bool else { throw .statusMalformed }
            isAuthenticated = value
        } else {
            isAuthenticated = false
        }
        audiences = try TokenReviewRequest.texts(status["audiences"], or: .statusMalformed)
        if let error = status["error"], !error.isNull {
            guard let text = error.string else { throw .statusMalformed }
            self.error = text.isEmpty ? nil : text
        }
        user = isAuthenticated ? try TokenReviewAnswer.user(status["user"]) : nil
    }

    static func user(_ value: JSONValue?) throws(TokenReviewProblem) -> KubernetesUser {
        guard let value, value.kind == .object else { throw .statusMalformed }
        var user = KubernetesUser(username: "", uid: "", groups: [], extra: [])
        if let name = value["username"] {
            guard let text = name.string else { throw .statusMalformed }
            user.username = text
        }
        if let uid = value["uid"] {
            guard let text = uid.string else { throw .statusMalformed }
            user.uid = text
        }
        user.groups = try TokenReviewRequest.texts(value["groups"], or: .statusMalformed)
        if let extra = value["extra"], !extra.isNull {
            guard let members = extra.members else { throw .statusMalformed }
            for (name, values) in members {
                let texts = try TokenReviewRequest.texts(values, or: .statusMalformed)
                user.extra.append(ExtraEntry(name: name, values: texts))
            }
        }
        return user
    }

    private static func prefix(_ version: TokenReviewVersion) -> StaticString {
        switch version {
        case .v1:
            """
            {"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1",\
            "metadata":{"creationTimestamp":null},"spec":{},"status":{
            """
        case .v1beta1:
            """
            {"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1beta1",\
            "metadata":{"creationTimestamp":null},"spec":{},"status":{
            """
        }
    }
}
