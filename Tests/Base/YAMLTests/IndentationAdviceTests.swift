import Testing
import YAML

@Suite("What to do about text that is not YAML")
struct IndentationAdviceTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        /// The line of the mistake.
        let line: Int
        var hint: String?
        var testDescription: String { name }
    }

    private static func spaces(_ count: Int, like place: String = "line above") -> String {
        "indent it with \(count) space\(count == 1 ? "" : "s"), like the \(place)"
    }

    private static let afterDash = "text after the - in the line above"

    @Test(
        "a line that is indented by mistake is compared with the one above",
        arguments: [
            Sample(name: "one space too many", text: "a:\n  b: 1\n   c: 2\n", line: 3, hint: spaces(2)),
            Sample(
                name: "one space too many, after a comment and an empty line",
                text: "a:\n  b: 1\n# x\n\n   c: 2\n", line: 5, hint: spaces(2)),
            Sample(name: "two spaces too many, CRLF", text: "a:\r\n b: 1\r\n   c: 2\r\n", line: 3, hint: spaces(1)),
            Sample(name: "one space too few", text: "a:\n  b: 1\n c: 2\n", line: 3, hint: spaces(2)),
            Sample(
                name: "one space too many in a list", text: "a:\n  - b: 1\n     c: 2\n", line: 3,
                hint: spaces(4, like: afterDash)),
            Sample(
                name: "two spaces too few in a list", text: "a:\n  - b: 1\n    c: 2\n  d: 3\n", line: 4,
                hint: spaces(4)),
            Sample(
                name: "two spaces too few after the dash", text: "a:\n  - b: 1\n  c: 2\n", line: 3,
                hint: spaces(4, like: afterDash)),
            Sample(
                name: "no space after the colon in the first line of a block", text: "a:\n  b:1\n  c: 2\n", line: 3,
                hint: "write a space after the colon in the line above"),
            Sample(
                name: "no space after the colon is a mistake of its own line",
                text: "a:\n  b: 1\n  c:2\n  d: 3\n", line: 3,
                hint: "write a colon and a space after the field's name"),
            Sample(name: "two colons in a line that is indented well", text: "a:\n  b: c: d\n", line: 2),
            Sample(name: "two colons in a line like the one above", text: "a:\n  b: 1\n  c: d: e\n", line: 3),
            Sample(name: "words after a string, at the end of a block", text: "a:\n  b: 1\nc: \"x\" y\n", line: 3),
            Sample(name: "a bracket that is not closed", text: "a: [1\nb: 2\n", line: 2),
        ])
    func hints(_ sample: Sample) throws {
        let error = try #require(throws: YAMLError.self) { try YAMLNode.parse(Array(sample.text.utf8)) }
        #expect(error.line == sample.line, "\(error)")
        #expect(error.hint == sample.hint, "\(error)")
    }
}
