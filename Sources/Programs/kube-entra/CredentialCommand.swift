internal import ArgumentParser
internal import CredentialPlugin
internal import Files
internal import Terminal
internal import Timestamps

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
            --strict also 1 when the token would be refused, 2 when the hints cannot be read; 64 wrong usage.
            """)

    @Option(
        help: .init("What the cluster accepts: a file, or the JSON itself.", valueName: "file|json"),
        completion: .file())
    var hints: String?

    @Flag(help: "Exit 1 in place of handing over a token that the cluster would refuse.") var strict = false

    @Argument(parsing: .postTerminator, help: .init("The credential plugin and its arguments.", valueName: "command"))
    var command: [String] = []

    func validate() throws {
        guard WrappedCommand(command) != nil else {
            throw ValidationError("give the command behind --, as in: kube-entra credential -- kubelogin get-token …")
        }
    }

    func run() throws {
        let hints = try knownHints()
        guard let wrapped = WrappedCommand(command) else { throw ExitCode.validationFailure }
        let result = wrapped.run()
        switch result.ending {
        case .notFound: Console.note("kube-entra: the command behind -- was not found")
        case .notExecutable: Console.note("kube-entra: the command behind -- cannot be run")
        case .exited, .killed: break
        }
        // Output that is longer than any credential was passed on already.
        guard let output = result.output else { throw ExitCode(result.ending.status) }
        if result.ending == .exited(0),
            let judgement = CredentialJudgement(output: output, hints: hints, now: .now())
        {
            Console.note(judgement.line)
            if strict, judgement.isRefusal { throw ExitCode.no }
        }
        Console.write(output)
        throw ExitCode(result.ending.status)
    }

    /// Unreadable hints are reported, and the token is checked without them.
    private func knownHints() throws -> TokenHints? {
        guard let hints else { return nil }
        let problem: String
        do {
            return try TokenHints(decoding: try hintBytes(hints))
        } catch let error as TokenHintsProblem {
            problem = error.sentence
        } catch let error as FileError {
            problem = error.sentence
        }
        Console.note(
            "kube-entra: the hints cannot be read: \(problem) → write them again with `kube-entra config hints`")
        if strict { throw ExitCode.cannot }
        return nil
    }

    private func hintBytes(_ hints: String) throws(FileError) -> [UInt8] {
        if hints.drop(while: \.isWhitespace).first == "{" { return Array(hints.utf8) }
        return try FileIO.read(hints, maximumBytes: WrappedCommand.maximumOutput)
    }
}
