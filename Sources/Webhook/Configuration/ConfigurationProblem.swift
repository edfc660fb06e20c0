import SafeText

/// One mistake in a configuration, and its place.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// The path of the file, as the user wrote it.
    public var file: String
    /// From 1; 0 if the file could not be read at all.
    public var line: Int
    /// From 1; 0 if the file could not be read at all.
    public var column: Int
    /// For example `tenants[0].audiences[1]`; empty for the file as a whole.
    public var field: String
    /// What is wrong, for people.
    public var message: String
    /// What to do about it; nil if the message already says it, or if that is not known.
    public var hint: String?
    /// The rule of `config check` for this problem; nil if there is none.
    public var rule: LintRule?

    public init(
        file: String, line: Int, column: Int, field: String, message: String, hint: String? = nil, rule: LintRule? = nil
    ) {
        self.hint = hint
        self.rule = rule
        self.file = file
        self.line = line
        self.column = column
        self.field = field
        self.message = message
    }

    /// `FILE:LINE:COLUMN: error: FIELD: MESSAGE [RULE]`, the form in which `config check` also prints findings. A file
    /// that could not be read has no place. It is one line, whatever its parts are: names of fields and files come from
    /// strangers.
    public var description: String {
        guard !isAboutFile else { return PrintableText.line("\(file): \(message)") }
        let rule = rule.map { " [\($0.rawValue)]" } ?? ""
        return PrintableText.line(
            "\(file):\(line):\(column): error: " + (field.isEmpty ? message : field + ": " + message) + rule)
    }

    /// ``description``, and as a second line an arrow and the hint, if there is one.
    public var explanation: [String] { [description] + (hint.map { ["  → " + $0] } ?? []) }

    /// The lines for standard error. For a file that could not be read, they start with the program's name, as in every
    /// command.
    public var commandLines: [String] {
        let lines = explanation
        return isAboutFile ? ["kube-entra: \(lines[0])"] + lines.dropFirst() : lines
    }

    /// Whether the file could not be read, so that the problem has no place.
    public var isAboutFile: Bool { line == 0 }
}

/// Everything that is wrong with a configuration, in the order of the file.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one, sorted by place.
    public var problems: [ConfigurationProblem]
    /// The readable parts with defaults for the rest, to look for more problems; nil if the file is not a
    /// configuration.
    public var partial: LoadedConfiguration?

    /// Sorts the problems by place.
    public init(problems: [ConfigurationProblem], partial: LoadedConfiguration? = nil) {
        self.problems = problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        self.partial = partial
    }

    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

/// The place of a field in its file.
public struct FieldPosition: Hashable, Sendable {
    /// The line, counted from 1.
    public var line: Int
    /// The column, counted from 1.
    public var column: Int

    /// A place in a file; both numbers count from 1.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}
