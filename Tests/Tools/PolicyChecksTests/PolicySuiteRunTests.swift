import Jansson
import PolicyChecks
import Terminal
import TestSupport
import Testing
import Timestamps

@Suite("All suites against one configuration")
struct PolicySuiteRunTests {
    private static let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

    private static func suite(_ cases: [(name: String, isAdmin: Bool)]) -> String {
        cases.reduce(into: "tests:\n") { text, entry in
            text += "- {name: \(entry.name), given: {groups: [\(TestConfiguration.admins)], user: alice}, "
            text += "expect: {admin: \(entry.isAdmin)}}\n"
        }
    }

    /// - Parameter suites: the texts of the suites, by file name.
    private static func run(
        _ suites: [(String, String)], configuration: String = TestConfiguration.text(), in folder: TemporaryFolder
    ) throws -> PolicySuiteRun {
        try folder.write("c.yaml", configuration)
        for (name, text) in suites { try folder.write(name, text) }
        return try PolicySuiteRun(
            config: folder.path("c.yaml"), suites: suites.map { folder.path($0.0) }, now: now)
    }

    @Test("the cases of all suites are counted; only suites that fail are shown")
    func counts() throws {
        try TemporaryFolder.with { folder throws in
            let result = try Self.run(
                [
                    ("good.yaml", Self.suite([("one", true), ("two", true)])),
                    ("bad.yaml", Self.suite([("three", true), ("four", false)])),
                ], in: folder)
            #expect(result.failedCount == 1 && result.results.count == 2)
            #expect(result.text.hasSuffix("\n3 passed, 1 failed"))
            #expect(result.text.contains("bad.yaml:3: four") && !result.text.contains("good.yaml"))
            let document = try JSONDocument(parsing: result.json.render())
            #expect(document.root["passed"]?.integer == 3 && document.root["failed"]?.integer == 1)
            #expect(document.root["suites"]?.array?.count == 2)
        }
    }

    @Test("without a failure there is one line")
    func passed() throws {
        try TemporaryFolder.with { folder throws in
            let result = try Self.run([("good.yaml", Self.suite([("one", true)]))], in: folder)
            #expect(result.failedCount == 0 && result.text == "1 passed, 0 failed")
        }
    }

    @Test("a file that cannot be used is a failure and never a pass", arguments: ["", "tests: []", "tests: ["])
    func broken(_ suite: String) throws {
        try TemporaryFolder.with { folder throws in
            #expect(throws: (any Error).self) { try Self.run([("suite.yaml", suite)], in: folder) }
            let good = Self.suite([("one", true)])
            #expect(throws: (any Error).self) {
                try Self.run([("good.yaml", good), ("suite.yaml", suite)], in: folder)
            }
            #expect(throws: (any Error).self) {
                try Self.run([("good.yaml", good)], configuration: "kind: Config", in: folder)
            }
        }
    }

    @Test(
        "a group of other bytes that look the same is not the expected one",
        arguments: [("groupsInclude", 0, 1), ("groupsExclude", 1, 0)])
    func otherBytes(expectation: String, composedFails: Int, decomposedFails: Int) throws {
        try TemporaryFolder.with { folder throws in
            let fields = TestConfiguration.standardTenant.replacing("[developers]", with: "[\"caf\u{E9}\"]")
            for (name, failures) in [("caf\u{E9}", composedFails), ("cafe\u{301}", decomposedFails)] {
                let expected = "\(expectation): [\"\(name)\"]"
                let given = "{groups: [\(TestConfiguration.developers)]}"
                let suite = "tests: [{name: x, given: \(given), expect: {\(expected)}}]"
                let result = try Self.run(
                    [("s.yaml", suite)], configuration: TestConfiguration.text(tenant: fields), in: folder)
                #expect(result.failedCount == failures, "\(name)")
            }
        }
    }

    @Test("whom the deny list names is denied in suites as well")
    func denied() throws {
        try TemporaryFolder.with { folder throws in
            let denied = #"{"denied": [{"objectID": "\#(TestConfiguration.other)", "reason": "lost laptop"}]}"#
            try folder.write("denied.json", denied)
            let suite = """
                tests:
                - {name: denied, given: {objectID: \(TestConfiguration.other), groups: []}, expect: {admitted: false}}
                """
            let fields = TestConfiguration.standardTenant + "\ndeniedFile: \(folder.path("denied.json"))"
            let text = TestConfiguration.text(tenant: fields)
            #expect(try Self.run([("s.yaml", suite)], configuration: text, in: folder).failedCount == 0)
            #expect(try Self.run([("s.yaml", suite)], in: folder).failedCount == 1)
        }
    }

    @Test("the JUnit report has the failed case; a folder that does not exist is named")
    func junit() throws {
        try TemporaryFolder.with { folder throws in
            let result = try Self.run([("bad.yaml", Self.suite([("four", false)]))], in: folder)
            try result.writeJUnit(to: folder.path("junit.xml"))
            #expect(folder.read("junit.xml").contains("<failure"))
            let failure = #expect(throws: CommandFailure.self) {
                try result.writeJUnit(to: folder.path("no/junit.xml"))
            }
            #expect(failure?.sentence.contains("no/junit.xml: ") == true)
        }
    }
}
