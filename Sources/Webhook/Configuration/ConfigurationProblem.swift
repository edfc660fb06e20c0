/// One thing that is wrong with a configuration, and where.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// From 1.
    public var line: Int
    public var column: Int
    /// For example `tenants[0].audiences[1]`; empty for the file as a whole.
    public var field: String
    public var message: String
    /// The rule of `config check` that this is a case of, where it is one.
    public var rule: LintRule?

    public init(file: String, line: Int, column: Int, field: String, message: String, rule: LintRule? = nil) {
        self.rule = rule
        self.file = file
        self.line = line
        self.column = column
        self.field = field
        self.message = message
    }

    public var description: String {
        let place = "\(file):\(line):\(column): "
        let rule = rule.map { " [\($0.rawValue)]" } ?? ""
        return (field.isEmpty ? place + message : place + field + ": " + message) + rule
    }
}

/// Everything that is wrong with a configuration, in the order of the file.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    public var problems: [ConfigurationProblem]
    /// What could be read, with defaults for the rest, to look for further problems; nil when it was no configuration.
    public var partial: LoadedConfiguration?

    public init(problems: [ConfigurationProblem], partial: LoadedConfiguration? = nil) {
        self.problems = problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        self.partial = partial
    }

    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

/// Where a field stands in its file.
public struct FieldPosition: Hashable, Sendable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}
