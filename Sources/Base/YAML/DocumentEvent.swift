/// One event of a YAML or JSON document, with its place.
///
/// Documents that are too large for a tree are read event by event; a ``NodeReader`` builds trees of the parts that
/// fit.
public struct DocumentEvent: Sendable {
    /// What begins, ends or stands here.
    public enum Content: Sendable {
        case documentStart
        case documentEnd
        case mappingStart(anchor: String?)
        case mappingEnd
        case sequenceStart(anchor: String?)
        case sequenceEnd
        case scalar(YAMLNode.Scalar, anchor: String?)
        case alias(String)
        /// There are no more events.
        case end
    }

    /// What begins, ends or stands here.
    public var content: Content
    /// The line, counted from 1.
    public var line: Int
    /// The column in characters, counted from 1.
    public var column: Int
    /// The place of its text; known for YAML only.
    var layout = YAMLNode.Layout()

    func error(_ message: String) -> YAMLError { YAMLError(message, line: line, column: column) }
}

/// A document's events in order. Mappings and lists end in the reverse order of their beginnings.
public protocol DocumentEvents {
    /// The next event; ``DocumentEvent/Content/end`` after the last.
    mutating func next() throws(YAMLError) -> DocumentEvent
}
