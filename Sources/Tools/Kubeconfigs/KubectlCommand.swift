import SafeText

/// kubectl command lines to copy into a POSIX shell.
public enum KubectlCommand {
    /// Asks the API server what somebody can do; nil if a name does not fit on one line.
    ///
    /// The API server adds `system:authenticated` itself. The object ID is left out: RBAC never uses it, and a caller
    /// who may impersonate users and groups but not `uids` would be refused.
    public static func canI(username: String, groups: [String]) -> String? {
        let groups = groups.filter { !$0.utf8.elementsEqual("system:authenticated".utf8) }
        guard ([username] + groups).allSatisfy({ isOneLine($0) }) else { return nil }
        let names = ["--as=" + quoted(username)] + groups.map { "--as-group=" + quoted($0) }
        return "kubectl auth can-i --list " + names.joined(separator: " ")
    }

    /// A word in the quoting of a POSIX shell.
    public static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "@%+=:,./_-".utf8.contains(byte)
            }
        }
        if isPlain, !word.isEmpty { return word }
        // Within single quotation marks, only those marks themselves are special. Compares bytes, as a shell does: a
        // mark with a combining accent is one character in Swift and does not equal the mark.
        let quotationMark = UInt8(ascii: "'")
        let bytes = word.utf8.flatMap { $0 == quotationMark ? Array("'\\''".utf8) : [$0] }
        return String(decoding: [quotationMark] + bytes + [quotationMark], as: UTF8.self)
    }

    /// Whether a terminal shows the word unchanged on one line.
    private static func isOneLine(_ word: String) -> Bool {
        PrintableText.clean(word, maximum: .max).utf8.elementsEqual(word.utf8)
    }
}
