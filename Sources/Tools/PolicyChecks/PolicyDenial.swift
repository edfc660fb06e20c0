public import AccessPolicy
internal import Jansson
internal import SafeText
internal import Timestamps

/// An entry of a deny list in an answer about policy.
public struct PolicyDenial: Hashable, Sendable {
    public var entry: DeniedEntry
    /// False for one that depends on a token's age or ID, where there is no token: it isn't applied, only named.
    public var isApplied: Bool

    /// No more than so many are named in one answer.
    static let maximumNamed = 100

    var rule: String { isApplied ? "denied" : "deniedUnjudged" }

    /// What the entry looks at.
    var matched: String {
        var text = "\(entry.kind.rawValue) \(entry.id)"
        if let bound = entry.issuedBefore { text += ", issued before \(bound.rfc3339)" }
        if let until = entry.until { text += ", until \(until.rfc3339)" }
        return text
    }

    /// For people.
    var line: String {
        let reason = PrintableText.clean(entry.reason, maximum: 256)
        let words = isApplied ? "denied by" : "may be denied, which only a token shows, by"
        return "\(words) \(PrintableText.clean(matched, maximum: 300)): \(reason)"
    }
}
