/// Why a text is not acceptable YAML, and where. Contains nothing of the file.
public struct YAMLError: Error, Hashable, Sendable {
    /// What is wrong, for people.
    public var message: String
    /// The line, counted from 1.
    public var line: Int
    /// The column, counted from 1.
    public var column: Int
    /// What most likely helps; nil if that is not known.
    public var hint: String?

    /// An error at a place.
    public init(_ message: String, line: Int, column: Int, hint: String? = nil) {
        self.hint = hint
        self.message = message
        self.line = line
        self.column = column
    }
}

/// Limits for reading a document.
public struct YAMLLimits: Hashable, Sendable {
    /// Size of the document.
    public var bytes: Int
    /// Nesting of mappings and lists.
    public var depth: Int
    /// All nodes; those that aliases repeat count each time.
    public var nodes: Int
    /// Nodes that aliases repeat, each time.
    public var repeatedNodes: Int

    /// Limits that fit configuration files.
    public init(bytes: Int = 1 << 20, depth: Int = 32, nodes: Int = 50_000, repeatedNodes: Int = 50_000) {
        self.bytes = bytes
        self.depth = depth
        self.nodes = nodes
        self.repeatedNodes = repeatedNodes
    }
}
