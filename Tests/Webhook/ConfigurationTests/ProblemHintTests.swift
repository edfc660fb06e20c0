import Configuration
import Jansson
import Terminal
import TestSupport
import Testing

@Suite("What to do about errors of a configuration")
struct ProblemHintTests {
    private static func problems(_ text: String) -> [ConfigurationProblem] {
        do throws(ConfigurationError) {
            _ = try ConfigurationLoader.parse(Array(text.utf8), path: "/config.yaml")
            return []
        } catch {
            return error.problems
        }
    }

    @Test(
        "a name or an address in place of an ID says where the ID is read",
        arguments: [
            ("11111111-2222-3333-4444-555555555555", "contoso.onmicrosoft.com", "az account show --query tenantId"),
            (
                "11111111-2222-3333-4444-555555555555",
                "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
                "az account show --query tenantId"
            ),
            (ConfigurationLinterTests.group, "admins", "az ad group show --group NAME --query id"),
            ("[user]", "[user]\n    allowedClientAppIDs: [kubelogin]", "az ad app list --display-name NAME"),
            ("[user]", "[user]\n    denied: [{objectID: ann, reason: x}]", nil),
        ] as [(String, String, String?)])
    func names(replaced: String, replacement: String, command: String?) throws {
        let problems = Self.problems(ConfigurationLinterTests.clean.replacing(replaced, with: replacement))
        let problem = try #require(problems.first)
        #expect(problems.count == 1)
        if let command {
            #expect(problem.hint?.contains("`\(command)") == true)
        } else {
            #expect(problem.hint == nil)
        }
    }

    @Test("a missing certificate names the commands that make one, and a damaged one does not")
    func certificates() throws {
        try TemporaryFolder.with { folder throws in
            try folder.write("config.yaml", ConfigurationLinterTests.clean)
            try folder.write("server.key", "x")
            let error = try #require(throws: ConfigurationError.self) {
                try ServableConfiguration.load(folder.path("config.yaml"))
            }
            for problem in error.problems {
                let isMissing = problem.message.hasSuffix("there is no such file")
                #expect(isMissing == (problem.field != "server.privateKey"))
                #expect((problem.hint?.contains("`kube-entra certs create`") == true) == isMissing)
            }
            let fields = ["server.certificate", "server.clientCA", "server.privateKey"]
            #expect(error.problems.map(\.field).sorted() == fields)
        }
    }

    @Test("every form of the report has the hint, and the line of the error itself stays one line")
    func report() {
        let problem = ConfigurationProblem(
            file: "f", line: 3, column: 4, field: "a", message: "must be b", hint: "ask c")
        let report = ConfigurationReport(file: "f", problems: [problem], findings: [], looksAtFiles: true)
        #expect(report.lines == ["f:3:4: error: a: must be b", "  → ask c"])
        #expect(String(decoding: report.json.render(), as: UTF8.self).contains(#""hint":"ask c""#))
        #expect(report.markdown.contains("| must be b | ask c |"))
        let sarif = String(decoding: report.sarif(version: "1").json.render(), as: UTF8.self)
        #expect(sarif.contains("a: must be b → ask c"))
        #expect(problem.description == "f:3:4: error: a: must be b")
        #expect(problem.commandLines == ["f:3:4: error: a: must be b", "  → ask c"])
    }

    @Test("names of files and fields cannot begin a line, in any form for people")
    func foreignNames() {
        let name = "x\n::error::y\u{1B}[31m"
        let problem = ConfigurationProblem(
            file: name, line: 3, column: 4, field: "a.\(name)", message: "no \(name)", hint: name)
        let shown = "x\u{FFFD}::error::y\u{FFFD}[31m"
        #expect(problem.description == "\(shown):3:4: error: a.\(shown): no \(shown)")
        #expect(problem.commandLines.count == 2)
        let missing = ConfigurationProblem(file: name, line: 0, column: 0, field: "", message: "not there")
        #expect(missing.commandLines == ["kube-entra: \(shown): not there"])
        let error = ConfigurationError(problems: [problem, missing])
        #expect(error.description.split(separator: "\n").count == 2)
    }

    @Test("text that is not YAML passes its hint on")
    func indentation() {
        let problems = Self.problems(ConfigurationLinterTests.clean.replacing("  clientCA", with: "   clientCA"))
        #expect(problems.map(\.hint) == ["indent it with 2 spaces, like the line above"])
        #expect(problems.map(\.line) == [6])
    }
}
