import Authentication
import Entra
import EntraTokens
public import Jansson
import SafeText

/// Replaces names, e-mail addresses and IDs by placeholders; equal values get equal placeholders.
///
/// Claims that are not known to be harmless are replaced as a whole. In all other texts, every value of a personal
/// claim is replaced, and everything in the form of an ID or an e-mail address.
public struct Redactor {
    /// Placeholders by known value, in lower case.
    private var placeholders: [String: String] = [:]
    private var counts: [String: Int] = [:]
    /// Values of claims, the longest first, in the order of searching.
    private var learned: [String] = []

    /// A redactor that knows only the forms of IDs and addresses.
    public init() {}

    /// Learns the values of a token that reveal who or where somebody is.
    public init(_ report: InspectionReport) {
        var members = report.claims?.json.members ?? []
        members += report.header?.members ?? []
        if let (header, payload) = report.envelope?.untrustedParts {
            members += header.members ?? []
            members += (payload.members ?? []).filter { $0.name != "at" }
        }
        for member in members { learn(member.value, claim: member.name) }
        // IDs are numbered in the order of the token, whatever is printed first.
        for member in members { learnIDs(member.value) }
        learned.sort { $0.utf8.count > $1.utf8.count }
    }

    private mutating func learn(_ value: JSONValue, claim: String) {
        switch value.kind {
        case .array: value.array?.forEach { learn($0, claim: claim) }
        case .object: value.members?.forEach { learn($0.value, claim: $0.name) }
        case .string, .integer, .real:
            guard let text = value.string ?? value.scalarText, !text.isEmpty, Redactor.isPersonal(claim) else { return }
            let kind = Redactor.kinds[claim] ?? (GUID(text) == nil ? "value" : "id")
            for spelling in [text, PrintableText.clean(text)] where !Redactor.isCommon(spelling) {
                add(spelling, kind: kind, sameAs: text)
                learned.append(spelling)
            }
        default: return
        }
    }

    private mutating func learnIDs(_ value: JSONValue) {
        value.array?.forEach { learnIDs($0) }
        value.members?.forEach { learnIDs($0.value) }
        if let text = value.string { _ = replacingIDs(text) }
    }

    private static let kinds = [
        "upn": "name", "name": "name", "given_name": "name", "family_name": "name", "preferred_username": "name",
        "unique_name": "name", "email": "mail", "oid": "object", "sub": "subject", "tid": "tenant", "puid": "id",
        "groups": "group", "uti": "token", "ipaddr": "address", "sid": "session", "onprem_sid": "id", "rh": "id",
        "deviceid": "device", "xms_mirid": "resource", "wids": "role", "home_oid": "object",
        "verified_primary_email": "mail", "verified_secondary_email": "mail", "samaccountname": "name",
        "nonce": "nonce", "u": "host",
    ]

    /// Claims and header parameters whose values say nothing about a person; IDs in them are still replaced.
    private static let harmless: Set<String> = [
        "aud", "iss", "idp", "iat", "nbf", "exp", "ver", "idtyp", "acr", "acrs", "amr", "appid", "appidacr", "azp",
        "azpacr", "scp", "roles", "acct", "hasgroups", "auth_time", "tenant_region_scope", "xms_idrel", "xms_sub_fct",
        "xms_act_fct", "xms_cc", "xms_tcdt", "xms_ftd", "alg", "typ", "kid", "x5t", "kty", "n", "e", "ts", "src1",
        "endpoint", "crit", "cty", "zip", "enc", "b64",
    ]

    private static func isPersonal(_ claim: String) -> Bool {
        kinds[claim] != nil || !harmless.contains(claim)
    }

    /// Values that are not secret, and whose replacement would change half of all texts.
    private static func isCommon(_ text: String) -> Bool {
        text.utf8.count < 2 || text.utf8.allSatisfy { (48...57).contains($0) } && text.utf8.count < 4
            || ["true", "false", "null", "user", "app", "none"].contains(text.lowercased())
    }

    private mutating func add(_ text: String, kind: String, sameAs other: String? = nil) {
        let key = text.lowercased()
        guard placeholders[key] == nil else { return }
        if let other, let known = placeholders[other.lowercased()] {
            placeholders[key] = known
            return
        }
        counts[kind, default: 0] += 1
        placeholders[key] = "<\(kind)-\(counts[kind, default: 0])>"
    }

    private mutating func placeholder(_ text: String, kind: String) -> String {
        add(text, kind: kind)
        return placeholders[text.lowercased()] ?? "<\(kind)>"
    }

    // MARK: Texts

    /// A text with every known value, and everything in the form of an ID or an address, replaced.
    public mutating func redact(_ text: String) -> String {
        if let known = placeholders[text.lowercased()] { return known }
        var result = text
        for value in learned {
            result = Redactor.replacing(value, with: placeholders[value.lowercased()] ?? "<value>", in: result)
        }
        return replacingAddresses(replacingIDs(result))
    }

    /// Replaces whole words only, so that a name of one letter does not change every word that contains it.
    private static func replacing(_ value: String, with placeholder: String, in text: String) -> String {
        let (wanted, all) = (Array(value.lowercased().utf8), Array(text.utf8))
        let lowered = text.lowercased().utf8.count == all.count ? Array(text.lowercased().utf8) : all
        guard !wanted.isEmpty, lowered.count >= wanted.count else { return text }
        var output: [UInt8] = []
        var position = 0
        while position < all.count {
            let end = position + wanted.count
            if end <= all.count, lowered[position] == wanted[0], lowered[position..<end].elementsEqual(wanted),
                position == 0 || !isWord(all[position - 1]), end == all.count || !isWord(all[end])
            {
                output += Array(placeholder.utf8)
                position = end
            } else {
                output.append(all[position])
                position += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte >= 128
    }

    /// IDs that were not in the token, for example those of the configuration.
    private mutating func replacingIDs(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.count >= 36 else { return text }
        var output: [UInt8] = []
        var position = 0
        while position < bytes.count {
            if position + 36 <= bytes.count, bytes[min(position + 8, bytes.count - 1)] == UInt8(ascii: "-"),
                case let candidate = String(decoding: bytes[position..<position + 36], as: UTF8.self),
                GUID(candidate) != nil
            {
                output += Array(placeholder(candidate, kind: "id").utf8)
                position += 36
            } else {
                output.append(bytes[position])
                position += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private mutating func replacingAddresses(_ text: String) -> String {
        guard text.contains("@") else { return text }
        func belongs(_ character: Character) -> Bool {
            character.isLetter || character.isNumber || "._%+-#@'".contains(character)
        }
        var output = ""
        var word = ""
        for character in text + " " {
            if belongs(character) {
                word.append(character)
                continue
            }
            let isAddress = word.contains("@") && word.first != "@" && word.last != "@"
            output += isAddress ? placeholder(word, kind: "mail") : word
            output.append(character)
            word = ""
        }
        return String(output.dropLast())
    }

    // MARK: JSON

    /// The report's object, with every value from the token, the configuration or the host replaced. Values of the
    /// contract's own lists stay.
    public mutating func redacted(_ report: InspectionReport) -> JSON {
        redact(report.json, at: [])
    }

    private static let fixed: Set<[String]> = [
        ["verdict"], ["reason"], ["checks", "name"], ["checks", "status"], ["checks", "reason"], ["header", "alg"],
        ["header", "typ"], ["subject", "kind"], ["subject", "tokenVersion"], ["times", "issuedAt"],
        ["times", "notBefore"], ["times", "expires"], ["times", "judgedAt"], ["times", "issued"], ["times", "valid"],
        ["times", "ends"], ["input", "kind"], ["input", "name"], ["input", "from"], ["because", "rule"],
        ["audience", "name"], ["clientApp", "name"],
    ]

    private mutating func redact(_ json: JSON, at path: [String]) -> JSON {
        switch json {
        case .object(let members):
            var redacted: [(String, JSON)] = []
            let isForeign = path.first == "claims" || path.first == "header" || path.first == "envelope"
            for (name, value) in members {
                redacted.append((isForeign ? redact(name) : name, redact(value, at: path + [name])))
            }
            return .object(redacted)
        case .array(let elements):
            var redacted: [JSON] = []
            for element in elements { redacted.append(redact(element, at: path)) }
            return .array(redacted)
        case .string(let text):
            if let kind = personalKind(path) { return .string(text.isEmpty ? "" : placeholder(text, kind: kind)) }
            return Redactor.fixed.contains(path) ? json : .string(redact(text))
        case .integer(let number):
            return personalKind(path).map { .string(placeholder("\(number)", kind: $0)) } ?? json
        case .real(let number):
            return personalKind(path).map { .string(placeholder("\(number)", kind: $0)) } ?? json
        case .bool, .null: return json
        }
    }

    /// The placeholder's kind for a claim that is replaced as a whole.
    private func personalKind(_ path: [String]) -> String? {
        guard path.first == "claims", path.count > 1, let name = path.last, Redactor.isPersonal(name) else {
            return nil
        }
        return Redactor.kinds[name] ?? "value"
    }
}
