import ArgumentParser
import CommandInput
import Configuration
import Entra
import Inspection
import Jansson
import Terminal

/// `kube-entra inspect`: explains a token and why it would be refused. Opens no socket.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Explains one token, offline.",
        discussion: """
            Pass the token on standard input or with --token-file:

              kubelogin get-token … | kube-entra inspect --config kube-entra.yaml

            The checks are the ones that `serve` runs. Without --keys, the configuration's key file or cache file is \
            used where it is there; else the signature is not checked and the verdict is unverified.

            Exit status: 0 accepted; 1 rejected or unverified; 2 a file cannot be read.
            """)

    @OptionGroup var token: TokenArguments
    @Option(help: .config, completion: .file()) var config: String?
    @Option(help: .keys, completion: .file()) var keys: String?
    @Option(help: .init("Judge as of that time (RFC 3339).", valueName: "time")) var at: String?
    @Option(help: .output) var output: OutputFormat = .text
    @Flag(help: "Replace names, addresses and IDs by placeholders, for a ticket.") var redact = false
    @Flag(help: "Show only the checks that failed.") var failed = false
    @Option(help: .init("Print the long explanation of a reason.", valueName: "code")) var explain: String?
    @Flag(help: "Print the long explanations of all reasons.") var listReasons = false
    @Flag(help: .hidden) var reasonsTable = false

    func validate() throws {
        try checked {
            if let explain { _ = try ReasonArgument.read(explain) }
            _ = try TimeArgument.read(at)
        }
    }

    func run() throws {
        if try explained() { return }
        let now = try TimeArgument.read(at)
        let settings = try config.map { try DenyFiles.load(path: $0).configuration }
        let inspection = try TokenInspection(
            TokenInput(token.source.read()), settings: settings, keys: keys, now: now, isPast: at != nil,
            isRedacted: redact)
        if output == .text { Console.notes(inspection.notes, isNamed: true) }
        Console.print(
            as: output, text: inspection.text(on: Console.page, failedOnly: failed), json: inspection.json)
        if !inspection.isAccepted { throw ExitCode.no }
    }

    /// Prints explanations of reasons, if that is what was asked for.
    private func explained() throws -> Bool {
        if reasonsTable {
            Console.print(ReasonExplanation.markdownTable)
        } else if listReasons {
            let all = RefusalReason.ofTokenReviews.map { ReasonExplanation($0) }
            let page = Console.page
            Console.print(
                as: output, text: all.map { $0.text(on: page) }.joined(separator: "\n\n"),
                json: .array(all.map(\.json)))
        } else if let explain {
            let explanation = ReasonExplanation(try ReasonArgument.read(explain))
            Console.print(as: output, text: explanation.text(on: Console.page), json: explanation.json)
        } else {
            return false
        }
        return true
    }
}
