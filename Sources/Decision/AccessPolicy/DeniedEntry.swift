public import EntraTokens
public import Timestamps

/// One entry of a deny list: who or what is refused although everything else about the token is right.
public struct DeniedEntry: Hashable, Sendable {
    /// What the entry is about.
    public enum Target: Hashable, Sendable {
        /// A user, a guest, or the service principal of an application.
        case objectID(GUID)
        /// Every token that this application asked for.
        case clientAppID(GUID)
        /// One token, by its `uti`. Two IDs are the same only byte by byte.
        case tokenID(String)
    }

    public var target: Target
    /// Only tokens whose `iat` is strictly older, or missing, are refused; nil for every token.
    public var issuedBefore: Timestamp?
    /// The entry is in force while now is before this; nil for good.
    public var until: Timestamp?
    /// For operators only: it goes to the log, the audit stream and `inspect`, never into an answer.
    public var reason: String

    public init(target: Target, issuedBefore: Timestamp? = nil, until: Timestamp? = nil, reason: String) {
        self.target = target
        self.issuedBefore = issuedBefore
        self.until = until
        self.reason = reason
    }

    /// Whether the entry is in force: it ends at `until`, and that second no longer belongs to it.
    public func isInForce(at now: Timestamp) -> Bool { until.map { now < $0 } ?? true }
}
