/// Why a text is no acceptable YAML, and where. Carries no text of the file.
public struct YAMLError: Error, Hashable, Sendable {
    public var message: String
    /// From 1.
    public var line: Int
    /// From 1.
    public var column: Int

    public init(_ message: String, line: Int, column: Int) {
        self.message = message
        self.line = line
        self.column = column
    }
}

/// What bounds the reading of a document.
public struct YAMLLimits: Hashable, Sendable {
    public var bytes: Int
    /// Mappings and lists in each other.
    public var depth: Int
    /// All nodes, those that aliases repeat counted each time.
    public var nodes: Int
    /// Those that aliases repeat, counted each time.
    public var repeatedNodes: Int

    public init(bytes: Int = 1 << 20, depth: Int = 32, nodes: Int = 50_000, repeatedNodes: Int = 50_000) {
        self.bytes = bytes
        self.depth = depth
        self.nodes = nodes
        self.repeatedNodes = repeatedNodes
    }
}
