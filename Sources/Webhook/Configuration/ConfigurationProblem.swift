/// One thing that is wrong with a configuration, and where.
public struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// From 1; 0 when the file could not be read at all.
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

    /// `FILE:LINE:COLUMN: error: FIELD: MESSAGE [RULE]`, in the form in which `config check` prints findings too; a file
    /// that could not be read has no place.
    public var description: String {
        guard !isAboutFile else { return "\(file): \(message)" }
        let rule = rule.map { " [\($0.rawValue)]" } ?? ""
        return "\(file):\(line):\(column): error: " + (field.isEmpty ? message : field + ": " + message) + rule
    }

    /// For the standard error of commands: a file that could not be read, as every command says it.
    public var commandLine: String { isAboutFile ? "kube-entra: \(description)" : description }

    /// A file that could not be read has no place in it.
    public var isAboutFile: Bool { line == 0 }
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
