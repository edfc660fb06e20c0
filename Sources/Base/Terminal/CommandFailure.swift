/// The failure of a command. Commands throw it; `main` prints it, once.
public struct CommandFailure: Error, Hashable, Sendable {
    /// Exit statuses of the program.
    public enum Status: Int32, Sendable {
        /// The check ran, and the answer is no.
        case no = 1
        /// The check could not run.
        case cannot = 2
        /// Wrong usage.
        case usage = 64
    }

    /// What is wrong, for people.
    public var sentence: String
    /// Lines before the sentence: failures that came before this one.
    public var earlier: [String] = []
    /// Lines after the sentence.
    public var details: [String]
    /// What to do about it; nil if there is nothing to say.
    public var hint: String?
    /// The exit status.
    public var status: Status

    /// - Parameters:
    ///   - sentence: what is wrong, without the program's name and without a full stop.
    ///   - details: lines after the sentence.
    ///   - hint: what to do about it, printed on the next line after an arrow.
    public init(_ sentence: String, details: [String] = [], hint: String? = nil, status: Status = .cannot) {
        self.sentence = sentence
        self.details = details
        self.hint = hint
        self.status = status
    }

    /// The lines that `main` prints.
    public var lines: [String] { earlier + ["kube-entra: " + sentence] + furtherLines }

    /// What follows the sentence: the details, and the hint after an arrow.
    public var furtherLines: [String] { details + (hint.map { ["→ " + $0] } ?? []) }
}
