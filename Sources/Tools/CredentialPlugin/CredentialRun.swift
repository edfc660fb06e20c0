internal import Files
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
        var hints: TokenHints?
        do throws(CommandFailure) {
            hints = try knownHints()
        } catch {
            // The token is checked without them.
            Console.note(error.message)
            if isStrict { return error.status.rawValue }
        }
        let result = command.run()
        switch result.ending {
        case .notFound: Console.note("kube-entra: the command behind -- was not found")
        case .notExecutable: Console.note("kube-entra: the command behind -- cannot be run")
        case .exited, .killed: break
        }
        // Output that is longer than any credential was passed on already.
        guard let output = result.output else { return result.ending.status }
        if result.ending == .exited(0),
            let judgement = CredentialJudgement(output: output, hints: hints, now: now())
        {
            Console.note(judgement.line)
            if isStrict, judgement.isRefusal { return CommandFailure.Status.no.rawValue }
        }
        Console.write(output)
        return result.ending.status
    }

    private func knownHints() throws(CommandFailure) -> TokenHints? {
        guard let hints else { return nil }
        let problem: String
        do {
            let isJSON = hints.drop(while: \.isWhitespace).first == "{"
            return try TokenHints(
                decoding: isJSON
                    ? Array(hints.utf8) : try FileIO.read(hints, maximumBytes: WrappedCommand.maximumOutput))
        } catch let error as TokenHintsProblem {
            problem = error.sentence
        } catch {
            problem = (error as? FileError)?.sentence ?? "\(error)"
        }
        throw CommandFailure(
            "the hints cannot be read: \(problem) → write them again with `kube-entra config hints`")
    }
}
