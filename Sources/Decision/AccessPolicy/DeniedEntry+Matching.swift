import Entra
import SafeText
public import Timestamps

extension DeniedEntry {
    /// The target's kind: the label `by` of `kube_entra_denied_total`, and the field's name in a deny file.
    public enum Kind: String, Sendable, CaseIterable {
        case objectID
        case clientAppID
        case tokenID
    }

    /// The target's kind.
    public var kind: Kind {
        switch target {
        case .objectID: .objectID
        case .clientAppID: .clientAppID
        case .tokenID: .tokenID
        }
    }

    /// The target's ID as a deny file writes it.
    public var id: String {
        switch target {
        case .objectID(let id), .clientAppID(let id): id.description
        case .tokenID(let id): id.text
        }
    }

    /// Whether the entry covers a token issued at that time. A token without `iat` counts as older than all others.
    public func covers(issuedAt: Timestamp?) -> Bool {
        guard let issuedBefore else { return true }
        return issuedAt.map { $0 < issuedBefore } ?? true
    }

    /// When a new sign-in is accepted: Entra sets `iat` five minutes back. Nil if new sign-ins are refused too.
    public var newSignInPasses: Timestamp? { issuedBefore?.adding(seconds: 300) }

    /// Whether target, times and reason are the same, byte by byte.
    public func isIdentical(to other: DeniedEntry) -> Bool {
        self == other && reason.utf8.elementsEqual(other.reason.utf8)
    }
}
