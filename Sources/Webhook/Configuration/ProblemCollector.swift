package import YAML

/// Collects problems and positions while one file is read; used by one reader, on one thread.
package final class ProblemCollector {
    package let file: String
    package private(set) var problems: [ConfigurationProblem] = []
    package private(set) var positions: [String: FieldPosition] = [:]

    package init(file: String) {
        self.file = file
    }

    package func note(_ field: String, at node: YAMLNode) {
        positions[field] = FieldPosition(line: node.line, column: node.column)
    }

    package func add(_ field: String, _ node: YAMLNode, _ message: String, rule: LintRule? = nil) {
        problems.append(
            ConfigurationProblem(
                file: file, line: node.line, column: node.column, field: field, message: message, rule: rule))
    }
}
