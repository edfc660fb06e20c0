import Testing
import YAML

@Suite struct JSONEventReaderTests {
    /// All events of a text on one line.
    private func events(_ text: String) throws(YAMLError) -> String {
        var reader = JSONEventReader(Array(text.utf8), maximumDepth: 4)
        var words: [String] = []
        while true {
            let event = try reader.next()
            switch event.content {
            case .documentStart: words.append("+doc")
            case .documentEnd: words.append("-doc")
            case .mappingStart: words.append("{")
            case .mappingEnd: words.append("}")
            case .sequenceStart: words.append("[")
            case .sequenceEnd: words.append("]")
            case .scalar(let scalar, _):
                words.append((scalar.isPlain ? scalar.text : "'\(scalar.text)'") + "@\(event.line):\(event.column)")
            case .alias: words.append("*")
            case .end: return words.joined(separator: " ")
            }
        }
    }

    @Test("values come with the places where they begin")
    func values() throws {
        #expect(
            try events("{\"ä\": [1, true,\n null, -1.5e3, \"x\"]}")
                == "+doc { 'ä'@1:2 [ 1@1:8 true@1:11 null@2:2 -1.5e3@2:8 'x'@2:16 ] } -doc")
        #expect(try events("{}\n[]") == "+doc { } -doc +doc [ ] -doc")
        #expect(try events("\u{FEFF}[\"\\u0041\\n\\ud83d\\ude00\\/\"]") == "+doc [ 'A\n😀/'@1:2 ] -doc")
        #expect(try events(" \n") == "")
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let line: Int
        let column: Int
        var testDescription: String { name }
    }

    @Test(
        "a fault in JSON has its place",
        arguments: [
            Fault(name: "a comma too much in an object", text: "{\"a\":1,}", line: 1, column: 8),
            Fault(name: "a comma too much in a list", text: "[1,]", line: 1, column: 4),
            Fault(name: "a comma too few", text: "[1 2]", line: 1, column: 4),
            Fault(name: "a name without quotation marks", text: "{a:1}", line: 1, column: 2),
            Fault(name: "a name without a value", text: "{\"a\"}", line: 1, column: 5),
            Fault(name: "an object that does not end", text: "{\"a\":1", line: 1, column: 7),
            Fault(name: "a string that does not end", text: "[\"a", line: 1, column: 4),
            Fault(name: "a number with a leading zero", text: "[\n 01]", line: 2, column: 2),
            Fault(name: "a number that ends in a dot", text: "[1.]", line: 1, column: 2),
            Fault(name: "a word that JSON does not have", text: "[yes]", line: 1, column: 2),
            Fault(name: "a line break in a string", text: "[\"a\nb\"]", line: 1, column: 4),
            Fault(name: "half of a surrogate pair", text: "[\"\\ud83d\"]", line: 1, column: 9),
            Fault(name: "the wrong half of a surrogate pair", text: "[\"\\ud83d\\u0041\"]", line: 1, column: 15),
            Fault(name: "a NUL", text: "[\"\\u0000\"]", line: 1, column: 9),
            Fault(name: "an unknown escape", text: "[\"\\x\"]", line: 1, column: 5),
            Fault(name: "more brackets than allowed", text: "[[[[[1]]]]]", line: 1, column: 5),
            Fault(name: "a bracket of the wrong kind", text: "[1}", line: 1, column: 3),
            Fault(name: "something behind the end", text: "{} x", line: 1, column: 4),
        ])
    func faults(_ fault: Fault) {
        #expect {
            _ = try events(fault.text)
        } throws: { error in
            guard let error = error as? YAMLError else { return false }
            return (error.line, error.column) == (fault.line, fault.column)
        }
    }

    @Test("invalid UTF-8 is refused")
    func utf8() {
        var reader = JSONEventReader([0x5B, 0x22, 0xFF, 0x22, 0x5D])
        #expect(throws: YAMLError.self) {
            _ = try reader.next()
            _ = try reader.next()
            _ = try reader.next()
        }
    }
}
