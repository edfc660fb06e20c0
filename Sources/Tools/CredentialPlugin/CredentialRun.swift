import Files
public import Terminal
public import Timestamps

/// `kube-entra credential`: runs the command behind `--`, and says why the cluster would refuse its token.
public struct CredentialRun {
    private let command: WrappedCommand
    private let hints: String?
    /// Whether a token that the cluster would refuse is not handed over.
    private let isStrict: Bool

    /// - Parameters:
    ///   - hints: a file, or the JSON itself; nil to check without them.
    /// - Throws: ``UsageProblem`` if there is no command.
    public init(command: [String], hints: String?, isStrict: Bool) throws(UsageProblem) {
        guard let command = WrappedCommand(command) else {
            throw UsageProblem("give the command behind --, as in: kube-entra credential -- kubelogin get-token …")
        }
        self.command = command
        self.hints = hints
        self.isStrict = isStrict
    }

    /// Runs the command, and prints its answer unchanged.
    ///
    /// - Returns: the exit status of this program.
    public func run(now: () -> Timestamp = { .now() }) -> Int32 {
        let (hints, problem) = knownHints()
        if isStrict, let problem {
            Console.note(CredentialVerdict.line(hintsProblem: problem))
            return CommandFailure.Status.cannot.rawValue
        }
        let result = command.run()
        var verdict: CredentialVerdict?
        switch (result.ending, result.output) {
        case (.notFound, _): Console.note("kube-entra: the command behind -- was not found")
        case (.notExecutable, _): Console.note("kube-entra: the command behind -- cannot be run")
        case (.exited(0), let output?):
            verdict = CredentialVerdict(output: output, hints: hints, now: now())
            fallthrough
        case (.exited, _), (.killed, _):
            // One line, whatever there is to say.
            let line = verdict?.line(hintsProblem: problem) ?? problem.map(CredentialVerdict.line(hintsProblem:))
            if let line { Console.note(line) }
        }
        if isStrict, verdict?.isRefusal == true { return CommandFailure.Status.no.rawValue }
        // Output that is longer than any credential was passed on already.
        if let output = result.output { Console.write(output) }
        return result.ending.status
    }

    /// The hints, or why they cannot be used; the token is then checked without them.
    private func knownHints() -> (TokenHints?, problem: String?) {
        guard let hints else { return (nil, nil) }
        do throws(FileError) {
            let isJSON = hints.drop(while: \.isWhitespace).first == "{"
            let bytes =
                isJSON ? Array(hints.utf8) : try FileIO.read(hints, maximumBytes: WrappedCommand.maximumOutput)
            do throws(TokenHintsProblem) {
                return (try TokenHints(decoding: bytes), nil)
            } catch {
                return (nil, error.sentence)
            }
        } catch {
            return (nil, error.sentence)
        }
    }
}
