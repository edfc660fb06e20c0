import Testing
import YAML

@Suite struct YAMLNodeTests {
    @Test("values keep their kind, their quotes and their place")
    func reads() throws {
        let node = try YAMLNode.parse(Array("a: 1\nb:\n  - 'true'\n  - true\nc: {d: null, e: ''}\n".utf8))
        #expect(node["a"]?.integer == 1)
        #expect(node["b"]?.sequence?.map(\.bool) == [nil, true])
        #expect(node["b"]?.sequence?[0].line == 3)
        #expect(node["b"]?.sequence?[0].column == 5)
        #expect(node["c"]?["d"]?.isNull == true)
        #expect(node["c"]?["e"]?.isNull == false)
    }

    @Test("JSON is read as well")
    func readsJSON() throws {
        let node = try YAMLNode.parse(Array("{\"a\": [1, \"x\\n\", {}]}".utf8))
        #expect(node["a"]?.sequence?[1].text == "x\n")
    }

    @Test("a byte order mark is no part of the text")
    func mark() throws {
        let node = try YAMLNode.parse([0xEF, 0xBB, 0xBF] + Array("a: 1\nb: 2\n".utf8))
        #expect(node["a"]?.integer == 1 && node["b"]?.line == 2)
        #expect(throws: YAMLError.self) { try YAMLNode.parse([0xEF, 0xBB, 0xBF]) }
    }

    @Test("an alias stands for its anchor's value")
    func alias() throws {
        let node = try YAMLNode.parse(Array("a: &x [1, 2]\nb: *x\n".utf8))
        #expect(node["b"]?.sequence?.count == 2)
        #expect(node["b"]?.line == 2)
    }

    static let laughs =
        "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n"
        + (1...9).map { "a\($0): &a\($0) [" + Array(repeating: "*a\($0 - 1)", count: 10).joined(separator: ",") + "]" }
        .joined(separator: "\n")

    @Test(
        "what is not acceptable is refused with its place",
        arguments: [
            ("nothing", "", 1, 1), ("a comment only", "# x\n", 1, 1), ("two documents", "a: 1\n---\nb: 1\n", 2, 1),
            ("a repeated key", "a: 1\nb: 2\na: 3\n", 3, 1), ("a repeated key in JSON", "{\"a\":1,\"a\":2}", 1, 8),
            ("a tab as indentation", "a:\n\tb: 1\n", 2, 1), ("an unclosed list", "a: [1, 2\n", 2, 1),
            ("a tag", "a: !!binary xx\n", 1, 4), ("a list as a key", "? [a]\n: 1\n", 1, 3),
            ("an unknown alias", "a: *b\n", 1, 4), ("aliases without end", laughs, 5, 22),
            ("an alias of itself", "a: &a [*a]\n", 1, 8),
            ("100 lists in each other", String(repeating: "[", count: 100), 1, 33),
            ("a wrong indentation", "a: 1\n  b: 2\n", 2, 4),
        ])
    func refuses(name: String, text: String, line: Int, column: Int) {
        #expect {
            try YAMLNode.parse(Array(text.utf8))
        } throws: { error in
            guard let error = error as? YAMLError else { return false }
            guard error.line == line, error.column == column else {
                Issue.record("\(error)")
                return false
            }
            return true
        }
    }

    @Test("invalid UTF-8 and large files are refused")
    func refusesBytes() {
        #expect(throws: YAMLError.self) { try YAMLNode.parse([0x61, 0x3A, 0x20, 0xFF]) }
        #expect(throws: YAMLError.self) { try YAMLNode.parse([UInt8](repeating: 0x20, count: 2 << 20)) }
    }
}
