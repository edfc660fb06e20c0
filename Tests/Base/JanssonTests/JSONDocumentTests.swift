import Jansson
import Testing

@Suite struct JSONDocumentTests {
    @Test(
        "hostile JSON is refused with its own code",
        arguments: [
            ("a repeated member", "{\"tid\":1,\"tid\":2}", JSONError.Code.duplicateMember),
            ("a member repeated through an escape", "{\"tid\":1,\"\\u0074id\":2}", .duplicateMember),
            ("a repeated member further in", "{\"a\":[{\"b\":1,\"b\":1}]}", .duplicateMember),
            ("100,000 arrays", String(repeating: "[", count: 100_000), .tooDeep),
            ("one array too deep", String(repeating: "[", count: 33) + String(repeating: "]", count: 33), .tooDeep),
            ("nothing", "", .invalid),
            ("a text at the top", "\"text\"", .invalid),
            ("a number at the top", "1", .invalid),
            ("null at the top", "null", .invalid),
            ("something behind the end", "{} {}", .invalid),
            ("a comma too many", "{\"a\":1,}", .invalid),
            ("a lone high surrogate", "{\"a\":\"\\ud800\"}", .invalid),
            ("a lone low surrogate", "{\"a\":\"\\udc00\"}", .invalid),
            ("an escaped NUL", "{\"a\":\"\\u0000\"}", .invalid),
            ("a raw NUL", "{\"a\":\"\0\"}", .invalid),
            ("a NUL directly after an integer", "{\"a\":1\0}", .invalid),
            ("a NUL directly after a real", "{\"a\":1.5\0}", .invalid),
            ("a NUL directly after true", "{\"a\":true\0}", .invalid),
            ("a NUL directly after false", "[false\0]", .invalid),
            ("a NUL directly after null", "[null\0,1]", .invalid),
            ("a NUL after the end", "{}\0", .invalid),
            ("an integer beyond 64 bits", "{\"a\":9223372036854775808}", .invalid),
            ("a real beyond range", "{\"a\":1e999}", .invalid),
            ("a byte order mark", "\u{FEFF}{}", .invalid),
            ("a comment", "{/* */}", .invalid),
            ("single quotes", "{'a':1}", .invalid),
            ("a line break in a text", "{\"a\":\"\n\"}", .invalid),
            ("NaN", "{\"a\":NaN}", .invalid),
        ])
    func refuses(name: String, text: String, code: JSONError.Code) {
        #expect {
            try JSONDocument(parsing: Array(text.utf8))
        } throws: { ($0 as? JSONError)?.code == code }
    }

    @Test(
        "invalid UTF-8 is refused", arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80]])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        let json = Array("{\"a\":\"".utf8) + bytes + Array("\"}".utf8)
        #expect { try JSONDocument(parsing: json) } throws: { ($0 as? JSONError)?.code == .invalid }
    }

    @Test("more bytes than allowed are refused unread")
    func refusesTooLarge() throws {
        _ = try JSONDocument(parsing: Array("{\"a\":1}".utf8), maximumBytes: 7)
        #expect {
            try JSONDocument(parsing: Array("{\"a\":1}".utf8), maximumBytes: 6)
        } throws: { ($0 as? JSONError)?.code == .tooLarge }
    }

    @Test(
        "values are counted, whatever they are, and refused before they are made",
        arguments: [
            ("numbers", "[1,2,3]", 4), ("members", "{\"a\":1,\"b\":\"x\"}", 3), ("arrays", "[[1],[2]]", 5),
            ("one empty object, which counts for two", "[{}]", 3), ("commas in texts", "[\",,,,\"]", 2),
        ])
    func countsValues(name: String, text: String, count: Int) throws {
        _ = try JSONDocument(parsing: Array(text.utf8), maximumValues: count)
        #expect {
            try JSONDocument(parsing: Array(text.utf8), maximumValues: count - 1)
        } throws: { ($0 as? JSONError)?.code == .tooManyValues }
    }

    @Test("a million empty objects are refused by default")
    func refusesAMillionObjects() {
        let text = "[" + String(repeating: "{},", count: 1_000_000) + "{}]"
        #expect {
            try JSONDocument(parsing: Array(text.utf8), maximumBytes: 4 << 20)
        } throws: { ($0 as? JSONError)?.code == .tooManyValues }
    }

    @Test("brackets in texts do not count as depth")
    func bracketsInTexts() throws {
        let text = String(repeating: "[\\\"{", count: 1000)
        let document = try JSONDocument(parsing: Array("{\"a\":\"\(text)\"}".utf8), maximumDepth: 1)
        #expect(document.root["a"]?.string?.utf8.count == 3000)
    }

    @Test("each kind of value is read as itself and as nothing else")
    func readsValues() throws {
        let text = "{\"s\":\"x\\n\",\"i\":-7,\"r\":1.5,\"t\":true,\"n\":null,\"a\":[1,\"2\"],\"o\":{\"p\":[]}}"
        let root = try JSONDocument(parsing: Array(text.utf8)).root
        #expect(root.members?.map(\.name) == ["s", "i", "r", "t", "n", "a", "o"])
        #expect(root["s"]?.string == "x\n")
        #expect(root["s"]?.integer == nil)
        #expect(root["i"]?.integer == -7)
        #expect(root["r"]?.integer == nil)
        #expect(root["r"]?.number == 1.5)
        #expect(root["t"]?.bool == true)
        #expect(root["t"]?.string == nil)
        #expect(root["n"]?.isNull == true)
        #expect(root["a"]?.array?.map(\.scalarText) == ["1", "2"])
        #expect(root["o"]?["p"]?.array?.count == 0)
        #expect(root[named: "missing"] == nil)
        #expect(root["S"] == nil)
        #expect(root["a"]?["s"] == nil)
    }

    @Test("what is written reads back the same, in the same order")
    func writes() throws {
        let value = JSON.object([
            ("z", .string("é\"\\\u{1F600}\u{0}")), ("a", .array([.integer(.max), .bool(false), .null])),
            ("", .real(0.5)),
            ("e", .string("")), ("o", .object([])),
        ])
        #expect(
            value.text()
                == "{\"z\":\"é\\\"\\\\\u{1F600}\\u0000\",\"a\":[9223372036854775807,false,null],\"\":0.5,\"e\":\"\",\"o\":{}}"
        )
        let copy = JSON(try JSONDocument(parsing: Array("{\"b\":[1,2.5,\"x\",null,true,{}]}".utf8)).root)
        #expect(copy.text() == "{\"b\":[1,2.5,\"x\",null,true,{}]}")
        #expect(JSON.object([("a", .integer(1))]).text(pretty: true) == "{\n  \"a\": 1\n}")
    }
}
