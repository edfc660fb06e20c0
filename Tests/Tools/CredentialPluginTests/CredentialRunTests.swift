import Jansson
import Terminal
import TestSupport
import Testing
import Timestamps

@testable import CredentialPlugin

private let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

@Suite("What credential prints, and its exit status")
struct CredentialRunTests {
    /// What a command prints.
    enum Output: Sendable {
        case goodToken
        case tokenForAnother
        case tokenThatEndsSoon
        case expiredToken
        case text(String)
        /// Longer than any credential, and passed on or dropped.
        case tooLong

        func bytes() throws -> [UInt8]? {
            switch self {
            case .goodToken: try credential([])
            case .tokenForAnother: try credential([("aud", "someone")])
            case .tokenThatEndsSoon: try credential([("exp", .integer(now.secondsSinceEpoch + 120))])
            case .expiredToken:
                try credential([
                    ("iat", .integer(now.secondsSinceEpoch - 7200)), ("nbf", .integer(now.secondsSinceEpoch - 7200)),
                    ("exp", .integer(now.secondsSinceEpoch - 600)),
                ])
            case .text(let text): Array(text.utf8)
            case .tooLong: nil
            }
        }

        private func credential(_ changes: [(String, JSON?)]) throws -> [UInt8] {
            let claims = TestTokens.members(TestTokens.claims(at: now), changes)
            let token = try TestTokens.sign(header: .object(TestTokens.header), payload: .object(claims))
            return JSON.object([
                ("kind", "ExecCredential"), ("apiVersion", "client.authentication.k8s.io/v1"),
                ("status", .object([("token", .string(token))])),
            ]).render()
        }
    }

    private static let hints = """
        {"apiVersion": "kube-entra.dev/v1", "kind": "TokenHints", "clockSkew": "60s", "tenants": [
          {"tenantID": "\(TestTenant.id)", "cloud": "public", "audiences": ["\(TestTenant.audience)"]}]}
        """

    private static func run(strictly isStrict: Bool) throws -> CredentialRun {
        try CredentialRun(command: ["kubelogin"], hints: nil, isStrict: isStrict)
    }

    @Test("without a command there is nothing to run", arguments: [[], [""]])
    func noCommand(_ words: [String]) {
        #expect(throws: UsageProblem.self) { try CredentialRun(command: words, hints: nil, isStrict: false) }
    }

    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        var ending = WrappedCommand.Ending.exited(0)
        let output: Output
        var hints: String? = CredentialRunTests.hints
        /// The line's start; nil if nothing is said.
        var line: String?
        /// With `--strict`, when that is another one.
        var strictLine: String?
        var status: Int32 = 0
        /// With `--strict`, when that is another one: nothing is handed over then.
        var strictStatus: Int32?
        var testDescription: String { name }
    }

    private static let unreadable = "/no/such/file"
    private static let unreadableLine = "kube-entra: the hints cannot be read: "

    @Test(
        "every end of a run has its line, its output and its status",
        arguments: [
            Sample(name: "a good token passes without a word", output: .goodToken),
            Sample(name: "a good token without hints passes without a word", output: .goodToken, hints: nil),
            Sample(
                name: "a token that the cluster refuses gets one line, and is held back if strict",
                output: .tokenForAnother, line: "kube-entra: audience_not_accepted: ", strictStatus: 1),
            Sample(name: "without hints every audience may be right", output: .tokenForAnother, hints: nil),
            Sample(
                name: "a token that ends soon is handed over, strict or not", output: .tokenThatEndsSoon,
                line: "kube-entra: the token ends in 2 minutes → "),
            Sample(
                name: "an expired token needs no hints", output: .expiredToken, hints: nil,
                line: "kube-entra: token_expired: ", strictStatus: 1),
            Sample(name: "what is not a credential passes without a word", output: .text("no JSON")),
            Sample(name: "an empty output passes without a word", output: .text("")),
            Sample(name: "JSON of another kind passes without a word", output: .text("{}")),
            Sample(
                name: "a version of the API that does not exist passes without a word",
                output: .text(
                    #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1alpha1","status":{"token":"t"}}"#
                )),
            Sample(
                name: "a credential without a status passes without a word",
                output: .text(#"{"kind":"ExecCredential"}"#)
            ),
            Sample(
                name: "a certificate in place of a token passes without a word",
                output: .text(
                    #"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","#
                        + #""status":{"token":"","clientCertificateData":"PEM"}}"#)),
            Sample(
                name: "output that is too long to be judged was passed on already, or is not handed over",
                output: .tooLong, strictLine: "kube-entra: kubelogin printed more than 16 MiB, ", strictStatus: 1),
            Sample(
                name: "a command that fails is not judged, and its status is passed on", ending: .exited(3),
                output: .tokenForAnother, status: 3),
            Sample(
                name: "a signal becomes the shell's status", ending: .killed(signal: 9), output: .text(""), status: 137),
            Sample(
                name: "a command that does not exist", ending: .notFound, output: .text(""),
                line: "kube-entra: kubelogin was not found in PATH → ", status: 127),
            Sample(
                name: "a command that cannot be run", ending: .notExecutable, output: .text(""),
                line: "kube-entra: kubelogin cannot be run → ", status: 126),
            Sample(
                name: "hints that cannot be read are said, and a strict run ends before it begins", output: .goodToken,
                hints: unreadable, line: unreadableLine, strictStatus: 2),
            Sample(
                name: "unreadable hints and an expired token are one line", output: .expiredToken, hints: unreadable,
                line: "kube-entra: token_expired: ", strictStatus: 2),
            Sample(
                name: "unreadable hints and a token that ends soon are one line", output: .tokenThatEndsSoon,
                hints: unreadable, line: "kube-entra: the token ends in 2 minutes; the hints cannot be read: ",
                strictStatus: 2),
            Sample(
                name: "unreadable hints and a command that fails are one line", ending: .exited(3), output: .text(""),
                hints: unreadable, line: unreadableLine, status: 3, strictStatus: 2),
            Sample(
                name: "unreadable hints and a missing command: the command is said", ending: .notFound,
                output: .text(""), hints: unreadable, line: "kube-entra: kubelogin was not found in PATH → ",
                status: 127, strictStatus: 2),
        ], [false, true])
    func answer(_ sample: Sample, isStrict: Bool) throws {
        let hints = HintsInput(sample.hints)
        let run = try Self.run(strictly: isStrict)
        let output = try sample.output.bytes()
        let result = WrappedCommand.Result(ending: sample.ending, output: output)
        let answer = run.refusal(hints) ?? run.answer(to: result, hints, now: now)
        let strictStatus = isStrict ? sample.strictStatus : nil
        #expect(answer.status == strictStatus ?? sample.status)
        #expect(answer.output == (strictStatus == nil ? output : nil))
        let strictLine = isStrict ? sample.strictLine : nil
        if let start = strictStatus == 2 ? Self.unreadableLine : strictLine ?? sample.line {
            #expect(answer.line?.hasPrefix(start) == true, "\(answer.line ?? "nothing")")
            #expect(answer.line?.contains("\n") == false)
        } else {
            #expect(answer.line == nil)
        }
    }

    @Test("the line names the hints' problem and the digest's start, and nothing of the token")
    func line() throws {
        let result = WrappedCommand.Result(ending: .exited(0), output: try Output.expiredToken.bytes())
        let answer = try Self.run(strictly: false).answer(to: result, HintsInput(Self.unreadable), now: now)
        let line = try #require(answer.line)
        #expect(line.contains("the hints cannot be read: \(Self.unreadable): there is no such file → "))
        #expect(try #/ \(token [0-9a-f]{12}\)$/#.firstMatch(in: line) != nil)
    }

    @Test(
        "the line for a command that cannot be started names it, and for kubelogin where to get it",
        arguments: [
            (
                "kubelogin", .notFound,
                "kubelogin was not found in PATH → install it: https://azure.github.io/kubelogin/"
            ),
            (
                "/opt/kubelogin", .notFound,
                "/opt/kubelogin was not found → install it: https://azure.github.io/kubelogin/"
            ),
            ("aws\u{1B}[2J", .notFound, "aws\u{FFFD}[2J was not found in PATH → install it, or correct the command"),
            ("/opt/x", .notExecutable, "/opt/x cannot be run → its file must be a program that you may execute"),
            ("./kubelogin", .relative, "./kubelogin is relative to the current folder, which must not"),
        ] as [(String, WrappedCommand.Ending, String)])
    func missingCommand(_ command: String, ending: WrappedCommand.Ending, line: String) throws {
        let run = try CredentialRun(command: [command, "get-token", "--x", "secret"], hints: nil, isStrict: false)
        let answer = run.answer(to: .init(ending: ending, output: []), HintsInput(nil), now: now)
        #expect(answer.line?.hasPrefix("kube-entra: " + line) == true, "\(answer.line ?? "nothing")")
        #expect(answer.line?.contains("secret") == false && answer.status == ending.status)
    }

    @Test(
        "hints are a file or the JSON itself, and one problem when they are neither",
        arguments: [
            ("{", false), ("{\"kind\":\"Other\"}", false), ("{\"kind\":\"TokenHints\",\"tenants\":[]}", false),
            ("/no/such/file", false), ("", false), (hints, true), ("\n \(hints)", true),
        ])
    func hintsInput(_ value: String, isRead: Bool) {
        let input = HintsInput(value)
        #expect((input.hints != nil) == isRead)
        #expect((input.problem == nil) == isRead)
    }

    @Test("hints are read from a file; without hints there is no problem")
    func hintsFile() throws {
        try TemporaryFolder.with { folder throws in
            try folder.write("hints.json", Self.hints)
            #expect(HintsInput(folder.path("hints.json")).hints?.tenants.count == 1)
        }
        #expect(HintsInput(nil).hints == nil && HintsInput(nil).problem == nil)
    }
}
