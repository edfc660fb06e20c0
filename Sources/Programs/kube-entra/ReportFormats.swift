internal import ArgumentParser

/// Output formats of comparisons.
enum DiffFormat: String, CaseIterable, ExpressibleByArgument {
    case text
    case json
    case markdown
}

/// Output formats of linters.
enum LintFormat: String, CaseIterable, ExpressibleByArgument {
    case text
    case json
    case markdown
    case sarif
}
