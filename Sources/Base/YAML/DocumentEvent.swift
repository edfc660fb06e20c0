/// One step through a YAML or JSON document, with its place.
///
/// Documents that are too large for a tree are read step by step; a ``NodeReader`` makes trees of the parts that fit.
public struct DocumentEvent: Sendable {
    public enum Content: Sendable {
        case documentStart
        case documentEnd
        case mappingStart(anchor: String?)
        case mappingEnd
        case sequenceStart(anchor: String?)
        case sequenceEnd
        case scalar(YAMLNode.Scalar, anchor: String?)
        case alias(String)
        /// Nothing follows.
        case end
    }

    public var content: Content
    /// From 1.
    public var line: Int
    /// From 1, in characters.
    public var column: Int
    /// Where its text stands; known of YAML only.
    var layout = YAMLNode.Layout()

    func error(_ message: String) -> YAMLError { YAMLError(message, line: line, column: column) }
}

/// A document's steps, one after the other. Mappings and lists are closed in the order in which they were opened.
public protocol DocumentEvents {
    mutating func next() throws(YAMLError) -> DocumentEvent
}
