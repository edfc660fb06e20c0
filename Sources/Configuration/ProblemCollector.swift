internal import YAML

/// Collects problems and positions while one file is read; used by one reader, on one thread.
final class ProblemCollector {
    let file: String
    private(set) var problems: [ConfigurationProblem] = []
    private(set) var positions: [String: FieldPosition] = [:]

    init(file: String) {
        self.file = file
    }

    func note(_ field: String, at node: YAMLNode) {
        positions[field] = FieldPosition(line: node.line, column: node.column)
    }

    func add(_ field: String, _ node: YAMLNode, _ message: String) {
        problems.append(
            ConfigurationProblem(file: file, line: node.line, column: node.column, field: field, message: message))
    }
}
