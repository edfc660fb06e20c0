public import Entra
public import SafeText
public import Timestamps

/// One entry of a deny list: who or what is refused, although the token is valid otherwise.
public struct DeniedEntry: Hashable, Sendable {
    /// What the entry refuses.
    public enum Target: Hashable, Sendable {
        /// A user, a guest, or an application's service principal.
        case objectID(GUID)
        /// Every token that was issued to this client application.
        case clientAppID(GUID)
        /// One token, by its `uti`.
        case tokenID(ExactText)
    }

    /// What the entry refuses.
    public var target: Target
    /// Refuses only tokens with an older `iat`, or without one; nil refuses every token.
    public var issuedBefore: Timestamp?
    /// The entry ends at this time; nil means that it never ends.
    public var until: Timestamp?
    /// For operators only: it appears in the log, the audit file and `inspect`, never in an answer.
    public var reason: String

    public init(target: Target, issuedBefore: Timestamp? = nil, until: Timestamp? = nil, reason: String) {
        self.target = target
        self.issuedBefore = issuedBefore
        self.until = until
        self.reason = reason
    }

    /// Whether the entry is in force at that time. It no longer is at `until` itself.
    public func isInForce(at now: Timestamp) -> Bool { until.map { now < $0 } ?? true }
}
