internal import Files
internal import OpenSSL
internal import YAML

/// Reads configuration files: YAML → defaults → a checked model, or everything that is wrong with it.
public enum ConfigurationLoader {
    /// Files larger than this are refused unread.
    static let maximumBytes = 1 << 20

    /// Reads and checks a file.
    public static func load(path: String) throws(ConfigurationError) -> LoadedConfiguration {
        try parse(read(path), path: path)
    }

    /// Checks a file's bytes. Relative paths in it are resolved against the folder of `path`.
    public static func parse(_ bytes: [UInt8], path: String) throws(ConfigurationError) -> LoadedConfiguration {
        let root: YAMLNode
        do {
            root = try YAMLNode.parse(bytes, limits: YAMLLimits(bytes: maximumBytes), keepsRepeatedKeys: true)
        } catch {
            throw problem(path, line: error.line, column: error.column, error.message)
        }
        let collector = ProblemCollector(file: path)
        let folder =
            path.utf8.contains(UInt8(ascii: "/")) ? String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]) : "."
        let reader = ConfigurationReader(collector: collector, folder: folder.isEmpty ? "/" : folder)
        let configuration = reader.read(root)
        let loaded = LoadedConfiguration(
            path: path,
            configuration: configuration,
            positions: collector.positions,
            allowances: LintAllowance.all(in: bytes),
            contentSHA256: bytes.withUnsafeBytes { SHA256Digest(hashing: $0).hex }
        )
        guard collector.problems.isEmpty else {
            throw ConfigurationError(
                problems: collector.problems, partial: root.mapping == nil ? nil : loaded)
        }
        return loaded
    }

    private static func read(_ path: String) throws(ConfigurationError) -> [UInt8] {
        do {
            return try FileBytes.read(path, maximumBytes: maximumBytes)
        } catch {
            throw problem(path, error.sentence)
        }
    }

    private static func problem(_ path: String, line: Int = 1, column: Int = 1, _ message: String) -> ConfigurationError
    {
        ConfigurationError(problems: [
            ConfigurationProblem(file: path, line: line, column: column, field: "", message: message)
        ])
    }
}
