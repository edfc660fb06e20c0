import AccessPolicy
import Configuration
import Testing
import Timestamps

@Suite("The file of denied people, applications and tokens")
struct DenyFileTests {
    private static let id = "0b1ec700-0000-0000-0000-000000000001"

    private static func one(_ members: String) -> String { #"{"denied": [{\#(members)}]}"# }

    struct Sample: Sendable, CustomTestStringConvertible {
        let text: String
        /// What is said, or the start of it; nothing of the file is in it.
        let sentence: String
        var testDescription: String { text.isEmpty ? "an empty file" : String(text.prefix(100)) }

        init(_ text: String, _ sentence: String) {
            self.text = text
            self.sentence = sentence
        }
    }

    private static let unknown = "denied[0]: has a member that is not known"
    private static let noTarget = "denied[0]: must have exactly one of objectID, clientAppID, tokenID"
    private static let noTime =
        "denied[0].until: must be a date and time with a zone, for example 2026-12-01T00:00:00Z"

    @Test(
        "a file that is wrong anywhere is not used, and what is wrong has its place",
        arguments: [
            Sample("", "the file is empty"),
            Sample("{", "this is not valid JSON"),
            Sample("[]", #"the file must hold one JSON object with the list "denied""#),
            Sample("{}", "denied: the list is missing"),
            Sample(#"{"denied": null}"#, "denied: must be a list"),
            Sample(#"{"denied": {}}"#, "denied: must be a list"),
            Sample(#"{"denied": [], "denied": []}"#, "this JSON has a member twice"),
            Sample(#"{"denied": [], "more": 1}"#, #"the object has a member other than "denied""#),
            Sample(#"{"denied": [1]}"#, "denied[0]: must be an object"),
            Sample(one(#""objectID": "\#(id)""#), "denied[0]: has no reason"),
            Sample(one(#""reason": "x""#), noTarget),
            Sample(
                one(#""objectID": "\#(id)", "reason": """#),
                "denied[0].reason: must have between 1 and 256 characters"),
            Sample(
                one(#""objectID": "\#(id)", "reason": "\#(String(repeating: "x", count: 257))""#),
                "denied[0].reason: must have between 1 and 256 characters"),
            Sample(
                one(#""objectID": "\#(id)", "reason": "x", "until": null"#), "denied[0].until: must be a string"),
            Sample(one(#""objectID": "\#(id)", "reason": "x", "until": "soon""#), noTime),
            Sample(one(#""objectID": "\#(id)", "reason": "x", "since": "2026-01-01T00:00:00Z""#), unknown),
            Sample(one(#""objectID": "\#(id)", "tokenID": "x", "reason": "x""#), noTarget),
            Sample(one(#""objectID": "\#(id)", "objectID": "\#(id)", "reason": "x""#), "this JSON has a member twice"),
            Sample(
                one(#""objectID": "{\#(id)}", "reason": "x""#), "denied[0].objectID: must be an ID (a GUID)"),
            Sample(one(#""clientAppID": "kubectl", "reason": "x""#), "denied[0].clientAppID: must be an ID (a GUID)"),
            Sample(one(#""tokenID": "", "reason": "x""#), "denied[0].tokenID: must not be empty"),
            Sample(one(#""tokenID": 1, "reason": "x""#), "denied[0].tokenID: must be a string"),
            Sample(#"{"denied": []} x"#, "this is not valid JSON"),
        ])
    func broken(_ sample: Sample) {
        do {
            _ = try DenyFile.parse(Array(sample.text.utf8))
            Issue.record("the file was accepted")
        } catch {
            #expect(error.sentence.contains(sample.sentence))
        }
    }

    @Test(
        "a fraction of a second ends a denial no earlier, and lets no older token through",
        arguments: [("00:00:01", 1), ("00:00:01.0", 1), ("00:00:01.000000001", 2), ("00:00:01.9", 2)])
    func fractions(time: String, second: Int64) throws {
        let time = "1970-01-01T\(time)Z"
        let text = Self.one(#""tokenID": "a", "issuedBefore": "\#(time)", "until": "\#(time)", "reason": "x""#)
        let entry = try #require(try DenyFile.parse(Array(text.utf8)).first)
        #expect(entry.until?.secondsSinceEpoch == second && entry.issuedBefore?.secondsSinceEpoch == second)
        #expect(entry.isInForce(at: Timestamp(secondsSinceEpoch: second - 1)))
        #expect(!entry.isInForce(at: Timestamp(secondsSinceEpoch: second)))
    }

    @Test("every kind of entry is written as it was read")
    func entries() throws {
        let text = """
            {"denied": [
              {"objectID": "\(Self.id)", "reason": "left"},
              {"clientAppID": "\(Self.id)", "issuedBefore": "2026-11-29T12:00:01Z", "until": "2999-01-01T00:00:00Z",
               "reason": "\(String(repeating: "x", count: 256))"},
              {"tokenID": "aB-c", "reason": "stolen"}
            ]}
            """
        let entries = try DenyFile.parse(Array(text.utf8))
        #expect(entries.map(\.kind.rawValue) == ["objectID", "clientAppID", "tokenID"])
        #expect(entries.map(\.id) == [Self.id, Self.id, "aB-c"])
        #expect(try DenyFile.parse(DenyFile.render(entries)) == entries)
        #expect(try DenyFile.parse(Array(#"{"denied": []}"#.utf8)).isEmpty)
    }
}
