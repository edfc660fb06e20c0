internal import EntraTokens
public import Jansson

/// Replaces names, e-mail addresses and IDs by placeholders, the same for the same value.
public struct Redactor {
    private var placeholders: [String: String] = [:]
    private var counts: [String: Int] = [:]

    public init() {}

    /// Learns the values of a token that tell who or where somebody is.
    public init(_ report: InspectionReport) {
        guard let claims = report.claims else { return }
        for member in claims.json.members ?? [] {
            learn(member.value, claim: member.name)
        }
    }

    private mutating func learn(_ value: JSONValue, claim: String) {
        switch value.kind {
        case .array: value.array?.forEach { learn($0, claim: claim) }
        case .object: value.members?.forEach { learn($0.value, claim: $0.name) }
        case .string:
            guard let text = value.string, !text.isEmpty else { return }
            if let kind = Redactor.kinds[claim] ?? (GUID(text) != nil ? "id" : text.contains("@") ? "mail" : nil) {
                add(text, kind: kind)
            }
        default: return
        }
    }

    private static let kinds = [
        "upn": "name", "name": "name", "given_name": "name", "family_name": "name", "preferred_username": "name",
        "unique_name": "name", "email": "mail", "oid": "object", "sub": "subject", "tid": "tenant", "puid": "id",
        "groups": "group", "uti": "token", "ipaddr": "address", "sid": "session", "onprem_sid": "id", "rh": "id",
        "deviceid": "device", "xms_mirid": "resource", "wids": "role", "home_oid": "object",
        "verified_primary_email": "mail",
        "verified_secondary_email": "mail", "samaccountname": "name", "nonce": "nonce", "x5t": "key",
    ]

    private mutating func add(_ text: String, kind: String) {
        guard placeholders[text] == nil else { return }
        counts[kind, default: 0] += 1
        placeholders[text] = "<\(kind)-\(counts[kind, default: 0])>"
    }

    /// The text with every known value, and everything that looks like an ID, replaced.
    public mutating func redact(_ text: String) -> String {
        var result = text
        for (value, placeholder) in placeholders.sorted(by: { $0.key.utf8.count > $1.key.utf8.count }) {
            result = Redactor.replacing(value, with: placeholder, in: result)
        }
        return replacingIDs(result)
    }

    /// Replaces whole words only: a name that is one letter does not change every word that holds it.
    private static func replacing(_ value: String, with placeholder: String, in text: String) -> String {
        guard text.contains(value) else { return text }
        var output = ""
        var rest = Substring(text)
        while let range = rest.firstRange(of: value) {
            let before = (output + rest[..<range.lowerBound]).last
            let after = rest[range.upperBound...].first
            let isWord = !isWordCharacter(before) && !isWordCharacter(after)
            output += rest[..<range.lowerBound] + (isWord ? placeholder : value)
            rest = rest[range.upperBound...]
        }
        return output + rest
    }

    private static func isWordCharacter(_ character: Character?) -> Bool {
        character.map { $0.isLetter || $0.isNumber } ?? false
    }

    /// IDs that the token did not carry, for example those of the configuration.
    private mutating func replacingIDs(_ text: String) -> String {
        var output = ""
        var rest = Substring(text)
        while !rest.isEmpty {
            let candidate = String(rest.prefix(36))
            if candidate.utf8.count == 36, GUID(candidate) != nil {
                add(candidate, kind: "id")
                output += placeholders[candidate] ?? "<id>"
                rest = rest.dropFirst(36)
            } else {
                output.append(rest.removeFirst())
            }
        }
        return output
    }

    /// The same for every text in a JSON value; names of members stay.
    public mutating func redact(_ json: JSON) -> JSON {
        switch json {
        case .object(let members):
            var redacted: [(String, JSON)] = []
            for (name, value) in members { redacted.append((name, redact(value))) }
            return .object(redacted)
        case .array(let elements):
            var redacted: [JSON] = []
            for element in elements { redacted.append(redact(element)) }
            return .array(redacted)
        case .string(let text): return .string(redact(text))
        default: return json
        }
    }
}
