import CommandInput
import Entra
import Terminal
import Testing

@Suite struct CommandLineTests {
    static let tree = CommandTree(
        "kube-entra", [CommandTree("serve"), CommandTree("policy", [CommandTree("check"), CommandTree("diff")])])

    @Test(
        "an unknown command is named with the one that was probably meant",
        arguments: [
            ("a command", ["serve", "--config", "x"], nil),
            ("a command of a group", ["policy", "check", "anything"], nil),
            ("options only", ["--version"], nil),
            ("help for a group", ["help", "policy"], nil),
            ("a mistyped command", ["polcy"], "unknown command polcy, did you mean policy?"),
            ("a mistyped command of a group", ["policy", "chek"], "unknown command chek, did you mean check?"),
            ("something else", ["frobnicate"], "unknown command frobnicate"),
            ("help for what is not there", ["help", "polcy"], "there is no command 'polcy', did you mean policy?"),
            ("help behind a command that runs", ["help", "serve", "now"], "there is no command 'now'"),
            ("a terminal's control characters", ["\u{1B}[31mx"], "unknown command \\u{1B}[31mx"),
        ] as [(String, [String], String?)])
    func unknown(name: String, arguments: [String], sentence: String?) {
        let found = CommandLineTests.tree.unknownCommand(in: arguments)?.sentence
        if name.hasPrefix("a terminal") {
            #expect(found != nil && found?.unicodeScalars.contains("\u{1B}") == false)
        } else {
            #expect(found == sentence, "\(name)")
        }
    }

    @Test(
        "a header without quotation marks becomes one word",
        arguments: [
            (["inspect", "Authorization:", "Bearer", "abc"], ["inspect", "Authorization: Bearer abc"]),
            (["inspect", "bearer", "abc", "def"], ["inspect", "bearer abc", "def"]),
            (["inspect", "Bearer", "--redact"], ["inspect", "Bearer", "--redact"]),
            (["inspect", "abc", "def"], ["inspect", "abc", "def"]),
            (["credential", "--", "bearer", "abc"], ["credential", "--", "bearer", "abc"]),
            ([], []),
        ])
    func header(words: [String], joined: [String]) {
        #expect(CommandWords.joiningHeader(words) == joined)
    }

    @Test("an argument that the parser repeats, or its value, begins no line of the message")
    func repeatedArguments() {
        let message = "Error: 'x\n::error::y' is invalid for '--output'\nUsage: kube-entra"
        for word in ["x\n::error::y", "--output=x\n::error::y"] {
            #expect(
                CommandWords.lines(of: message, quoting: ["a", word])
                    == ["Error: 'x\u{FFFD}::error::y' is invalid for '--output'", "Usage: kube-entra"])
        }
    }

    @Test("the two words come back from the first option that took more than two values")
    func configurations() {
        let none = CommandWords.pair(takenBy: [["a", "b"], ["c"]])
        #expect(none.pair == [] && none.lists == [["a", "b"], ["c"]])
        let taken = CommandWords.pair(takenBy: [["a"], ["s", "old", "new"], ["r", "x", "y"]])
        #expect(taken.pair == ["old", "new"] && taken.lists == [["a"], ["s"], ["r", "x", "y"]])
    }

    @Test(
        "kubectl's plugin is known by its file name",
        arguments: [
            ("/usr/bin/kubectl-entra", true), ("kubectl_entra", true), ("/kubectl-entra/kube-entra", false),
            ("kube-entra", false), (nil, false),
        ] as [(String?, Bool)])
    func plugin(path: String?, isPlugin: Bool) {
        #expect(ProgramName.isKubectlPlugin(path) == isPlugin)
    }

    @Test("kubectl's plugin names its commands to whoever uses another one")
    func pluginUsage() {
        for word in ["why", "help", "--help", "-h", "--version"] {
            #expect(ProgramName.wrongPluginUsage([word], commands: ["why", "whoami"]) == nil)
        }
        let problem = UsageProblem("use one of: kubectl entra why, kubectl entra whoami")
        #expect(ProgramName.wrongPluginUsage([], commands: ["why", "whoami"]) == problem)
        #expect(ProgramName.wrongPluginUsage(["serve"], commands: ["why", "whoami"]) == problem)
    }

    @Test(
        "a reason's code is read in any spelling",
        arguments: ["token_expired", "TOKEN_EXPIRED", "token-expired", "Token expired"])
    func reason(code: String) throws {
        #expect(try ReasonArgument.read(code).code == "token_expired")
    }

    @Test("a code that is not one is answered with the one that was probably meant")
    func unknownReason() {
        #expect(
            throws: UsageProblem(
                "there is no reason \"token_expred\": did you mean token_expired? --list-reasons prints all of them")
        ) { try ReasonArgument.read("token_expred") }
        #expect(throws: UsageProblem.self) { try ReasonArgument.read("") }
    }
}
