internal import ArgumentParser
internal import Authentication
internal import Configuration
internal import Entra
internal import EntraTokens
internal import Inspection
internal import Jansson
internal import SafeText
internal import Terminal
internal import Timestamps

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
        guard let explain, InspectCommand.reason(explain) == nil else { return }
        let best = Suggestion.best(for: explain.lowercased(), among: RefusalReason.allCases.map(\.code))
        throw ValidationError(
            "there is no reason \(PrintableText.quoted(explain))" + (best.map { ": did you mean \($0)?" } ?? ";")
                + " --list-reasons prints all of them")
    }

    /// The reason of a code, in any spelling.
    private static func reason(_ code: String) -> RefusalReason? {
        RefusalReason(rawValue: String(code.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 }))
    }

    func run() throws {
        if try explained() { return }
        let now = try Timestamp.at(at)
        let input = TokenInput(try token.read())
        let settings = try config.map { try DenyFiles.load(path: $0).configuration }
        var (snapshot, notes) = try keySnapshot(settings, input: input, now: now)
        if at != nil { notes.append("judged as of \(now.rfc3339)") }
        let report = InspectionReport(
            input, settings: settings?.authentication, keys: snapshot, now: now, notes: notes)
        var redactor = Redactor(report)
        switch output {
        case .json: Console.print(redact ? redactor.redacted(report) : report.json)
        case .text:
            let page = Console.page
            let text = report.text(on: page, failedOnly: failed) { redact ? redactor.redact($0) : $0 }
            let names = redact ? DirectoryNames() : settings.map { DirectoryNames.loadOrNote($0) } ?? DirectoryNames()
            Console.print(names.annotate(text))
        }
        if report.verdict != .accepted { throw ExitCode.no }
    }

    /// The keys for the checks, and remarks about them.
    private func keySnapshot(
        _ configuration: WebhookConfiguration?, input: TokenInput, now: Timestamp
    ) throws -> (KeySnapshot?, [String]) {
        guard let keys else {
            guard let found = configuration.map({ OfflineKeys.configured($0, now: now) }) else { return (nil, []) }
            return (found.snapshot, found.notes)
        }
        let trusts = configuration?.tenants.map(\.trust) ?? InspectionReport.guessedTenants(input)
        return (try OfflineKeys.read(keys, tenants: trusts), [])
    }

    private func explained() throws -> Bool {
        if reasonsTable {
            Console.print(ReasonExplanation.markdownTable)
            return true
        }
        if listReasons {
            let all = RefusalReason.ofTokenReviews.map { ReasonExplanation($0) }
            if output == .json {
                Console.print(.array(all.map(\.json)))
            } else {
                Console.print(all.map { $0.text(on: Console.page) }.joined(separator: "\n\n"))
            }
            return true
        }
        guard let explain else { return false }
        guard let reason = InspectCommand.reason(explain) else { return false }
        let explanation = ReasonExplanation(reason)
        if output == .json {
            Console.print(explanation.json)
        } else {
            Console.print(explanation.text(on: Console.page))
        }
        return true
    }
}
