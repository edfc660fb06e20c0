/// An access review in the bytes that kube-apiserver sends: as Go's encoding/json writes a SubjectAccessReview.
///
/// Its words are bytes, because a URL can contain any bytes, which Go keeps in its strings.
public struct GoAccessReview {
    /// The version, `v1` or `v1beta1`.
    public var version = "v1"
    /// The user's name.
    public var user: [UInt8] = Array("ada@example.com".utf8)
    /// The user's groups.
    public var groups: [[UInt8]] = []
    /// The members of the user's `extra`, in this order. Go writes two of one name if two names have different bytes
    /// that are not UTF-8.
    public var extra: [(name: [UInt8], values: [[UInt8]])]
    /// The words of the action, used in turn for the verb, the names, the path and the selectors.
    public var words: [[UInt8]] = []
    /// Whether the action is about a URL that is not a resource's.
    public var isNonResource = false

    /// A review whose user has these strings in `extra`.
    public init(extra: [(name: String, values: [String])]) {
        self.extra = extra.map { (Array($0.name.utf8), $0.values.map { Array($0.utf8) }) }
    }

    /// The bytes of the review.
    public var bytes: [UInt8] {
        var used = 0
        func word() -> String {
            guard !words.isEmpty else { return "\"pods\"" }
            used += 1
            return Self.string(words[(used - 1) % words.count])
        }
        func selector() -> String {
            let requirement = "{\"key\":\(word()),\"operator\":\(word()),\"values\":[\(word()),\(word())]}"
            return "{\"rawSelector\":\(word()),\"requirements\":[\(requirement),\(requirement)]}"
        }
        let action =
            isNonResource
            ? "\"nonResourceAttributes\":{\"path\":\(word()),\"verb\":\(word())}"
            : """
            "resourceAttributes":{"namespace":\(word()),"verb":\(word()),"group":\(word()),"version":\(word()),\
            "resource":\(word()),"subresource":\(word()),"name":\(word()),"fieldSelector":\(selector()),\
            "labelSelector":\(selector())}
            """
        let members = extra.map { "\(Self.string($0.name)):\(Self.list($0.values))" }.joined(separator: ",")
        return Array(
            """
            {"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/\(version)",\
            "metadata":{"creationTimestamp":null},"spec":{\(action),"user":\(Self.string(user)),\
            "\(version == "v1" ? "groups" : "group")":\(Self.list(groups)),"extra":{\(members)}},\
            "status":{"allowed":false}}

            """.utf8)
    }

    private static func list(_ values: [[UInt8]]) -> String { "[\(values.map(string).joined(separator: ","))]" }

    /// A string as Go's encoder writes it: `<`, `>`, `&`, control characters and the separators of lines and
    /// paragraphs as escape sequences, and bytes that are not UTF-8 as the replacement character.
    ///
    /// Source: appendString in encoding/json/encode.go.
    static func string(_ bytes: [UInt8]) -> String {
        var text = "\""
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        decoding: while true {
            switch decoder.decode(&iterator) {
            case .emptyInput: break decoding
            case .error: text += "\\ufffd"
            case .scalarValue("\""): text += "\\\""
            case .scalarValue("\\"): text += "\\\\"
            case .scalarValue("\u{8}"): text += "\\b"
            case .scalarValue("\u{C}"): text += "\\f"
            case .scalarValue("\n"): text += "\\n"
            case .scalarValue("\r"): text += "\\r"
            case .scalarValue("\t"): text += "\\t"
            case .scalarValue(let scalar)
            where scalar.value < 0x20 || ["<", ">", "&", "\u{2028}", "\u{2029}"].contains(scalar):
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            case .scalarValue(let scalar): text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
