public import AccessPolicy
import Jansson
import SafeText
import Timestamps

/// A deny list entry in the answer to a policy question.
public struct PolicyDenial: Hashable, Sendable {
    /// The entry of the deny list.
    public var entry: DeniedEntry
    /// False for an entry that depends on a token's age or ID if there is no token: it is only listed.
    public var isApplied: Bool

    /// Largest number of entries in one answer.
    static let maximumNamed = 100

    var rule: String { isApplied ? "denied" : "deniedUnjudged" }

    /// The ID that the entry matches.
    var matched: String {
        var text = "\(entry.kind.rawValue) \(entry.id)"
        if let bound = entry.issuedBefore { text += ", issued before \(bound.rfc3339)" }
        if let until = entry.until { text += ", until \(until.rfc3339)" }
        return text
    }

    /// The denial in one line, for people.
    var line: String {
        let reason = PrintableText.clean(entry.reason, maximum: 256)
        let words = isApplied ? "denied by" : "may be denied, which only a token shows, by"
        return "\(words) \(PrintableText.clean(matched, maximum: 300)): \(reason)"
    }
}
