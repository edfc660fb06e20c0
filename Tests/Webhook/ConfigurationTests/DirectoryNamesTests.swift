import Configuration
import Entra
import Jansson
import Testing

@Suite("The file of display names")
struct DirectoryNamesTests {
    private static let id = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"

    @Test(
        "a file of another form is not used, and what is wrong is said",
        arguments: [
            ("", "this is not valid JSON"),
            ("[]", #"there must be an object "names", and nothing beside it"#),
            ("{}", #"there must be an object "names", and nothing beside it"#),
            (#"{"names": []}"#, #"there must be an object "names", and nothing beside it"#),
            (#"{"names": {}, "more": 1}"#, #"there must be an object "names", and nothing beside it"#),
            (#"{"names": {"x": {}}}"#, #"a member of "names" is not an object ID"#),
            (#"{"names": {"\#(id)": "x"}}"#, "\(id) must have an object as its value"),
            (#"{"names": {"\#(id)": {"displayName": 1}}}"#, "displayName of \(id) must be a string"),
            (
                #"{"names": {"\#(id)": {"kind": "robot"}}}"#,
                "kind of \(id) must be one of group, user, servicePrincipal, application"
            ),
            (#"{"names": {"\#(id)": {"deleted": "no"}}}"#, "deleted of \(id) must be true or false"),
            (
                #"{"names": {"\#(id)": {"name": "x"}}}"#,
                "\(id) has a member that is not displayName, kind or deleted"
            ),
            (#"{"names": {"\#(id)": {}, "\#(id.uppercased())": {}}}"#, #"\#(id) stands in "names" twice"#),
        ])
    func broken(text: String, sentence: String) {
        do {
            _ = try DirectoryNames.parse(Array(text.utf8))
            Issue.record("the file was accepted")
        } catch {
            #expect(error.sentence.contains(sentence))
        }
    }

    @Test("names are written as they were read, and stand behind IDs")
    func names() throws {
        let text = #"{"names": {"\#(Self.id)": {"displayName": "Platform", "kind": "group", "deleted": true}}}"#
        let names = try DirectoryNames.parse(Array(text.utf8))
        #expect(names.annotate("group \(Self.id).") == "group \(Self.id) (Platform, deleted in Entra).")
        #expect(try DirectoryNames.parse(names.json.render()).entries == names.entries)
        #expect(try DirectoryNames.parse(Array(#"{"names": {}}"#.utf8)).entries.isEmpty)
    }
}
