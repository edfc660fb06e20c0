public import AccessPolicy
import SafeText
public import Timestamps

extension DeniedEntry {
    /// The entry in one line, for people.
    public func line(at now: Timestamp) -> String {
        var line = "\(kind.rawValue) \(PrintableText.clean(id))"
        if let issuedBefore { line += ", tokens issued before \(issuedBefore.rfc3339)" }
        if let until { line += isInForce(at: now) ? ", until \(until.rfc3339)" : ", ended \(until.rfc3339)" }
        return line + ": " + PrintableText.clean(reason, maximum: 256)
    }
}
