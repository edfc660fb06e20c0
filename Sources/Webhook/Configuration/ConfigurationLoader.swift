import Files
import OpenSSL
import YAML

/// Reads configuration files: YAML → defaults → a validated model, or everything that is wrong.
public enum ConfigurationLoader {
    /// Larger files are refused without being read.
    static let maximumBytes = 1 << 20

    /// Reads and validates a file.
    ///
    /// - Parameters:
    ///   - isTrusted: whether the file will grant access, so that nobody else may be able to write it.
    ///   - waits: whether the path may be a pipe, for whose writer this waits; nil for a file that is not trusted.
    /// - Throws: ``ConfigurationError`` with every problem, not only the first.
    public static func load(
        path: String, isTrusted: Bool = false, waits: Bool? = nil
    ) throws(ConfigurationError) -> LoadedConfiguration {
        try parse(read(path, isTrusted: isTrusted, waits: waits ?? !isTrusted), path: path)
    }

    /// Validates a file's bytes. Relative paths in it start at the folder of `path`.
    ///
    /// - Throws: ``ConfigurationError`` with every problem, not only the first.
    public static func parse(_ bytes: [UInt8], path: String) throws(ConfigurationError) -> LoadedConfiguration {
        let root: YAMLNode
        do {
            root = try YAMLNode.parse(bytes, limits: YAMLLimits(bytes: maximumBytes), keepsRepeatedKeys: true)
        } catch {
            throw problem(path, line: error.line, column: error.column, error.message, hint: error.hint)
        }
        if let document = ForeignDocument(root) {
            throw problem(path, line: root.line, column: root.column, document.sentence)
        }
        let collector = ProblemCollector(file: path)
        let configuration = read(root, collector)
        let loaded = LoadedConfiguration(
            path: path,
            configuration: configuration,
            positions: collector.positions,
            allowances: LintSuppression.all(in: bytes),
            contentSHA256: bytes.withUnsafeBytes { SHA256Digest(hashing: $0).hex }
        )
        guard collector.problems.isEmpty else {
            throw ConfigurationError(
                problems: collector.problems, partial: root.mapping == nil ? nil : loaded)
        }
        return loaded
    }

    private static func read(_ root: YAMLNode, _ collector: ProblemCollector) -> WebhookConfiguration {
        guard root.mapping != nil else {
            collector.add("", root, "the file must be a mapping of fields, not \(root.kindName)")
            return WebhookConfiguration()
        }
        return WebhookConfiguration.description.read(root, path: "", collector: collector) ?? WebhookConfiguration()
    }

    private static func read(_ path: String, isTrusted: Bool, waits: Bool) throws(ConfigurationError) -> [UInt8] {
        do {
            return try FileIO.read(path, maximumBytes: maximumBytes, isTrusted: isTrusted, waits: waits)
        } catch {
            throw problem(path, line: 0, column: 0, error.sentence)
        }
    }

    private static func problem(
        _ path: String, line: Int, column: Int, _ message: String, hint: String? = nil
    ) -> ConfigurationError {
        ConfigurationError(problems: [
            ConfigurationProblem(file: path, line: line, column: column, field: "", message: message, hint: hint)
        ])
    }
}
