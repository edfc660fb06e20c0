internal import Glibc
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
        guard collector.problems.isEmpty else {
            throw ConfigurationError(
                problems: collector.problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) })
        }
        return LoadedConfiguration(
            path: path,
            configuration: configuration,
            positions: collector.positions,
            allowances: allowances(in: bytes),
            contentSHA256: bytes.withUnsafeBytes { SHA256Digest(hashing: $0).hex }
        )
    }

    private static func read(_ path: String) throws(ConfigurationError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let sentence =
                switch errno {
                case ENOENT: "there is no such file"
                case EACCES: "the file may not be read by this user"
                case ENOTDIR: "a part of the path is no folder"
                case ELOOP: "the path is a symbolic link to itself"
                default: "the file cannot be opened"
                }
            throw problem(path, sentence)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw problem(path, "the file cannot be read") }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw problem(path, "this is a folder, not a file") }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw problem(path, "the file cannot be read")
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= maximumBytes else { throw problem(path, "the file is larger than 1 MiB") }
        }
    }

    private static func problem(_ path: String, line: Int = 1, column: Int = 1, _ message: String) -> ConfigurationError
    {
        ConfigurationError(problems: [
            ConfigurationProblem(file: path, line: line, column: column, field: "", message: message)
        ])
    }

    /// Comments of the form `# kube-entra:allow RULE reason`.
    private static func allowances(in bytes: [UInt8]) -> [LintAllowance] {
        var allowances: [LintAllowance] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard let mark = line.firstIndex(of: UInt8(ascii: "#")) else { continue }
            let words = String(decoding: line[(mark + 1)...], as: UTF8.self)
                .split(separator: " ", omittingEmptySubsequences: true)
            guard words.count >= 2, words[0] == "kube-entra:allow" else { continue }
            allowances.append(
                LintAllowance(
                    line: index + 1, rule: String(words[1]), reason: words.dropFirst(2).joined(separator: " ")))
        }
        return allowances
    }
}
