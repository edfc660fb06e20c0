public import Jansson

/// The format of a command's result (`--output`).
public enum OutputFormat: String, CaseIterable, Sendable {
    case text
    case json
}

/// Output formats of comparisons.
public enum DiffFormat: String, CaseIterable, Sendable {
    case text
    case json
    case markdown
}

/// Output formats of linters.
public enum LintFormat: String, CaseIterable, Sendable {
    case text
    case json
    case markdown
    case sarif
}

/// A result in the format that was asked for.
public enum FormattedResult: Sendable {
    case text(String)
    case json(JSON)
}
