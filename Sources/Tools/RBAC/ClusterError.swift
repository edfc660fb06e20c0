/// Why a cluster's objects cannot be read, and where.
public struct ClusterError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path, or `standard input`.
    public var file: String
    /// Nil for the file as a whole.
    public var line: Int?
    public var column: Int?
    public var message: String

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
}

/// What bounds the reading of a cluster, all files together.
public struct ClusterLimits: Hashable, Sendable {
    public var bytes: Int
    public var rules: Int

    public init(bytes: Int = 100_000_000, rules: Int = 1_000_000) {
        self.bytes = bytes
        self.rules = rules
    }
}
