/// Words of a command line that is printed for pasting into a POSIX shell. Everything in such a line that is not from
/// the program's own text goes through here: a path or an address may hold `$(…)`.
public enum ShellWord {
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
}
