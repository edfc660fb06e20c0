import Glibc
import SafeText
import Testing

/// Command lines to copy into a shell, with names that strangers chose.
@Suite("Words for a shell") struct ShellWordTests {
    static let words = [
        "", "plain", "two words", "'", "''", "a'b", "$(x) `y` \\ \" ! * ? ~ # ; & |", "-n", "Jos\u{E9}",
        // To Swift, each of these is one character that is no quotation mark.
        "'\u{301}; touch x; echo '\u{301}", "'\u{200D}", "'\u{FE0F}", "'\u{20DD}", "\u{301}'", "\r\n'",
    ]

    @Test("a shell reads a quoted word as the same bytes", arguments: words)
    func quoted(_ word: String) throws {
        let line = "printf %s " + ShellWord.quoted(word)
        let output = try #require(popen(line, "r"))
        var bytes: [UInt8] = []
        while case let byte = fgetc(output), byte != EOF { bytes.append(UInt8(byte)) }
        #expect(pclose(output) == 0)
        #expect(bytes == Array(word.utf8))
    }
}
