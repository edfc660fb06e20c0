internal import ArgumentParser

/// How a comparison is written.
enum DiffFormat: String, CaseIterable, ExpressibleByArgument {
    case text
    case json
    case markdown
}

/// How the findings of a linter are written.
enum LintFormat: String, CaseIterable, ExpressibleByArgument {
    case text
    case json
    case markdown
    case sarif
}
