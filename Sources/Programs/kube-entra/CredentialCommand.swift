import ArgumentParser
import CredentialPlugin
import Terminal

/// `kube-entra credential`: runs kubectl's credential plugin and says why the cluster would refuse its token.
struct CredentialCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "credential",
        abstract: "Runs kubelogin for kubectl, and says why the cluster would refuse its token.",
        usage: "kube-entra credential [--hints <file|json>] [--strict] -- <command> [<argument> ...]",
        discussion: """
            kubectl says "Unauthorized" and no more. As the command of a kubeconfig's exec entry, this runs the \
            command behind --, hands its answer on unchanged, and writes one line to standard error when the cluster \
            would refuse the token:

              kube-entra: audience_not_accepted: the token was made for another application → set kubelogin's …

            `kube-entra kubeconfig user --explain` writes such an entry. The hints are what `kube-entra config hints` \
            prints. It opens no connection and shows no token.

            Exit status: the command's own; 128 + N when signal N ended it; 127 not found, 126 not executable; with \
            --strict also 1 when the token would be refused, 2 when the hints cannot be read; 2 when the answer cannot \
            be written; 64 wrong usage.
            """)

    @Option(
        help: .init("What the cluster accepts: a file, or the JSON itself.", valueName: "file|json"),
        completion: .file())
    var hints: String?

    @Flag(help: "Exit 1 in place of handing over a token that the cluster would refuse.") var strict = false

    @Argument(parsing: .postTerminator, help: .init("The credential plugin and its arguments.", valueName: "command"))
    var command: [String] = []

    private var credential: CredentialRun {
        get throws(UsageProblem) { try CredentialRun(command: command, hints: hints, isStrict: strict) }
    }

    func validate() throws { try checked { try credential } }

    func run() throws { throw ExitCode(try credential.run()) }
}
