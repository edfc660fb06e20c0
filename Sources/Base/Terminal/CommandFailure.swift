/// The end of a command that could not do what it was asked for. It is thrown; `main` prints it, once.
public struct CommandFailure: Error, Hashable, Sendable {
    /// How a process ends; the contract's exit statuses.
    public enum Status: Int32, Sendable {
        /// Checked, and the answer is no.
        case no = 1
        /// Could not check.
        case cannot = 2
        /// Wrong usage.
        case usage = 64
    }

    /// What is wrong, for people.
    public var sentence: String
    /// What to do about it.
    public var hint: String?
    /// The exit status.
    public var status: Status

    /// - Parameters:
    ///   - sentence: what is wrong, without the program's name and without a full stop.
    ///   - hint: what to do about it, printed below after an arrow.
    public init(_ sentence: String, hint: String? = nil, status: Status = .cannot) {
        self.sentence = sentence
        self.hint = hint
        self.status = status
    }

    /// The lines that `main` prints.
    public var message: String {
        "kube-entra: " + sentence + (hint.map { "\n→ " + $0 } ?? "")
    }
}
