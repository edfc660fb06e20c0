import Configuration
import SafeText

/// The names of a command and of those below it.
public struct CommandTree: Hashable, Sendable {
    /// The command's own name.
    public var name: String
    /// The commands below it; empty for a command that runs.
    public var subcommands: [CommandTree]

    /// A command and those below it.
    public init(_ name: String, _ subcommands: [CommandTree] = []) {
        self.name = name
        self.subcommands = subcommands
    }

    /// A word in place of a command that is not one.
    public struct UnknownCommand: Hashable, Sendable {
        var name: String
        /// The command that was probably meant.
        var suggestion: String?
        var isHelpTopic = false

        /// What is wrong, for people; terminal control characters are removed.
        public var sentence: String {
            (isHelpTopic
                ? "there is no command '\(PrintableText.clean(name))'" : "unknown command \(PrintableText.clean(name))")
                + (suggestion.map { ", did you mean \(PrintableText.clean($0))?" } ?? "")
        }
    }

    /// The first of a command line's words that is not a command of its group; nil if all are.
    public func unknownCommand(in arguments: [String]) -> UnknownCommand? {
        var group = self
        let isHelp = arguments.first == "help"
        for word in isHelp ? arguments.dropFirst() : arguments[...] {
            let known = group.subcommands
            guard !known.isEmpty || isHelp, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let next = known.first(where: { $0.name == word }) else {
                return UnknownCommand(
                    name: word, suggestion: Suggestion.best(for: word, among: known.map(\.name)), isHelpTopic: isHelp)
            }
            group = next
        }
        return nil
    }
}
