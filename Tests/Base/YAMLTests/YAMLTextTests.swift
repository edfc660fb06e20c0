import Testing
import YAML

@Suite("Strings in double quotes")
struct YAMLTextTests {
    @Test(
        "come back as they were, and hold nothing that is not seen",
        arguments: [
            "", "a", "\"", "\\", "a: b # c", "line\nline\r", "\t", "\u{0}\u{1B}\u{7F}", "\u{85}\u{9B}", "\u{A0}",
            "a\u{200B}b", "\u{202E}abc", "\u{2028}", "\u{FEFF}", "\u{FFFE}", "\u{10FFFF}", "é", "e\u{301}", "😀", "~",
            "- x",
        ])
    func roundTrip(text: String) throws {
        let quoted = YAMLText.quoted(text)
        #expect(quoted.hasPrefix("\"") && quoted.hasSuffix("\""))
        #expect(!quoted.unicodeScalars.contains { $0.value < 32 || (127..<160).contains($0.value) })
        for hidden in ["\u{200B}", "\u{202E}", "\u{2028}", "\u{FEFF}"] {
            #expect(!quoted.unicodeScalars.contains { String($0) == hidden })
        }
        let node = try YAMLNode.parse(Array("a: \(quoted)\n".utf8))
        let value = try #require(node["a"]?.text)
        #expect(Array(value.utf8) == Array(text.utf8))
    }
}
