package import YAML

/// Collects problems and positions while one file is read. Used by one reader on one thread.
package final class ProblemCollector {
    package let file: String
    /// The folder where relative paths start, without a trailing slash unless it is `/`.
    package let folder: String
    package private(set) var problems: [ConfigurationProblem] = []
    package private(set) var positions: [String: FieldPosition] = [:]

    package init(file: String) {
        self.file = file
        let end = file.lastIndex(of: "/")
        folder = end.map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
    }

    package func note(_ field: String, at node: YAMLNode) {
        positions[field] = FieldPosition(line: node.line, column: node.column)
    }

    package func add(
        _ field: String, _ node: YAMLNode, _ message: String, hint: String? = nil, rule: LintRule? = nil
    ) {
        problems.append(
            ConfigurationProblem(
                file: file, line: node.line, column: node.column, field: field, message: message, hint: hint,
                rule: rule))
    }
}
