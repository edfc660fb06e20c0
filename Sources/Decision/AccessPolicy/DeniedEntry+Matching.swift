internal import EntraTokens
public import Timestamps

extension DeniedEntry {
    /// The target's kind: the `by` of `kube_entra_denied_total`, and the member's name in a deny file.
    public enum Kind: String, Sendable, CaseIterable {
        case objectID
        case clientAppID
        case tokenID
    }

    public var kind: Kind {
        switch target {
        case .objectID: .objectID
        case .clientAppID: .clientAppID
        case .tokenID: .tokenID
        }
    }

    /// The target's ID as it is written in a file.
    public var id: String {
        switch target {
        case .objectID(let id), .clientAppID(let id): id.description
        case .tokenID(let id): id
        }
    }

    /// Whether a token issued at that time is meant; one that doesn't say when counts as older than everything.
    public func covers(issuedAt: Timestamp?) -> Bool {
        guard let issuedBefore else { return true }
        return issuedAt.map { $0 < issuedBefore } ?? true
    }

    /// When a new sign-in passes: Entra dates `iat` five minutes back. Nil when none does.
    public var newSignInPasses: Timestamp? { issuedBefore?.adding(seconds: 300) }

    /// The same target, times and reason, byte by byte.
    public func isIdentical(to other: DeniedEntry) -> Bool {
        self == other && id.utf8.elementsEqual(other.id.utf8) && reason.utf8.elementsEqual(other.reason.utf8)
    }

    /// The same target; token IDs are compared byte by byte.
    public func hasSameTarget(as target: Target) -> Bool {
        if case (.tokenID(let one), .tokenID(let other)) = (self.target, target) {
            return one.utf8.elementsEqual(other.utf8)
        }
        return self.target == target
    }
}
