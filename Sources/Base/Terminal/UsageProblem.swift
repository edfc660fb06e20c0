/// Wrong usage of a command: arguments that cannot be used, or not together. The exit status is 64.
public struct UsageProblem: Error, Hashable, Sendable {
    /// What is wrong, for people, without a full stop.
    public var sentence: String

    /// - Parameter sentence: names the option, and says what it must be.
    public init(_ sentence: String) { self.sentence = sentence }
}
