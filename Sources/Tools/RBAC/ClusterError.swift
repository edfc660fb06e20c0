/// Why a cluster's objects cannot be read, and where.
public struct ClusterError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path, or `standard input`.
    public var file: String
    /// Nil for the file as a whole.
    public var line: Int?
    /// From 1; nil for the whole file.
    public var column: Int?
    /// What is wrong, for people.
    public var message: String

    /// An error at a place.
    public init(_ message: String, file: String, line: Int? = nil, column: Int? = nil) {
        self.message = message
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String {
        guard let line, let column else { return "\(file): \(message)" }
        return "\(file):\(line):\(column): \(message)"
    }

    /// The line for standard error. For a file as a whole, it starts with the program's name, as in every command.
    public var commandLine: String { line == nil ? "kube-entra: \(description)" : description }
}

/// Limits for reading a cluster, for all files together.
public struct ClusterLimits: Hashable, Sendable {
    /// Size of all files.
    public var bytes: Int
    /// Number of rules in all roles.
    public var rules: Int

    /// Limits for large clusters.
    public init(bytes: Int = 100_000_000, rules: Int = 1_000_000) {
        self.bytes = bytes
        self.rules = rules
    }
}
