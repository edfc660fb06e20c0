/// A metric's name, meaning and kind, declared before its first value so that it is there from the start.
public struct MetricFamily: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case counter
        case gauge
        /// Upper bounds of the buckets, ascending, without infinity.
        case histogram(buckets: [Double])
    }

    /// Counters end in `_total`.
    public var name: String
    public var help: String
    public var kind: Kind

    public init(name: String, help: String, kind: Kind) {
        self.name = name
        self.help = help
        self.kind = kind
    }
}
