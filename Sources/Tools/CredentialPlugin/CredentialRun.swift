import Files
import Kubeconfigs
import SafeText
public import Terminal
public import Timestamps

/// `kube-entra credential`: runs the command after `--`, and says why the cluster would refuse its token.
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
        let hints = HintsInput(hints)
        let answer = refusal(hints) ?? answer(to: command.run(holdsOutput: isStrict), hints, now: now())
        if let line = answer.line { Console.note(line) }
        if let output = answer.output { Console.write(output) }
        return answer.status
    }

    /// What this program prints, and its exit status.
    struct Answer: Hashable, Sendable {
        /// The only line for people; nil if there is nothing to say.
        var line: String?
        /// The bytes for standard output; nil if they are held back, or were passed on already.
        var output: [UInt8]?
        var status: Int32
    }

    /// The answer without a run of the command: strict checks need hints that can be read.
    func refusal(_ hints: HintsInput) -> Answer? {
        guard isStrict, let problem = hints.problem else { return nil }
        return Answer(
            line: CredentialVerdict.line(hintsProblem: problem), output: nil,
            status: CommandFailure.Status.cannot.rawValue)
    }

    /// The answer to a run of the command.
    func answer(to result: WrappedCommand.Result, _ hints: HintsInput, now: Timestamp) -> Answer {
        var verdict: CredentialVerdict?
        let line: String?
        switch result.ending {
        case .notFound, .notExecutable, .relative: line = command.missingLine(result.ending)
        case .exited, .killed:
            if result.ending == .exited(0), let output = result.output {
                verdict = CredentialVerdict(output: output, hints: hints.hints, now: now)
            }
            line =
                verdict?.line(hintsProblem: hints.problem)
                ?? hints.problem.map(CredentialVerdict.line(hintsProblem:))
        }
        guard !isStrict || verdict?.isRefusal != true else {
            return Answer(line: line, output: nil, status: CommandFailure.Status.no.rawValue)
        }
        if isStrict, result.output == nil, result.ending == .exited(0) {
            return Answer(line: command.tooLongLine, output: nil, status: CommandFailure.Status.no.rawValue)
        }
        // Output that is longer than any credential was passed on already.
        return Answer(line: line, output: result.output, status: result.ending.status)
    }
}

extension WrappedCommand {
    /// The line for output that is not handed over, because it is too long to be checked.
    fileprivate var tooLongLine: String {
        "kube-entra: \(PrintableText.clean(command)) printed more than \(Self.maximumHeldOutput >> 20) MiB, so its token"
            + " was not checked and is not handed over → run it by itself and look at what it prints"
    }

    /// The line for a command that could not be started. It has a hint of its own, because kubectl shows the
    /// kubeconfig's `installHint` only if it cannot find `kube-entra`.
    fileprivate func missingLine(_ ending: Ending) -> String {
        let name = PrintableText.clean(command)
        var plugin = ExecPlugin()
        plugin.command = command
        switch ending {
        case .relative:
            return "kube-entra: \(name) is relative to the current folder, which must not choose the program → write"
                + " its whole path"
        case .notFound:
            let isPath = command.utf8.contains(UInt8(ascii: "/"))
            return "kube-entra: \(name) was not found\(isPath ? "" : " in PATH") → "
                + (plugin.isKubelogin ? KubeloginSignIn.installHint : "install it, or correct the command behind --")
        default:
            return "kube-entra: \(name) cannot be run → its file must be a program that you may execute"
        }
    }
}

/// The hints of the command line, or why they cannot be used; the token is then checked without them.
struct HintsInput: Sendable {
    /// Largest file of hints, in bytes.
    private static let maximumBytes = 1 << 20

    var hints: TokenHints?
    var problem: String?

    /// - Parameter value: a file, or the JSON itself; nil for none.
    init(_ value: String?) {
        guard let value else { return }
        do throws(FileError) {
            let isJSON = value.drop(while: \.isWhitespace).first == "{"
            let bytes =
                isJSON ? Array(value.utf8) : try FileIO.read(value, maximumBytes: HintsInput.maximumBytes, waits: true)
            do throws(TokenHintsProblem) {
                hints = try TokenHints(decoding: bytes)
            } catch {
                problem = error.sentence
            }
        } catch {
            problem = "\(PrintableText.clean(value, maximum: 100)): \(error.sentence)"
        }
    }
}
