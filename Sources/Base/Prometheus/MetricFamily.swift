/// A metric's name, help and kind. It is declared before its first value, so that it exists from the start.
public struct MetricFamily: Sendable, Hashable {
    /// The Prometheus type of a metric.
    public enum Kind: Sendable, Hashable {
        case counter
        case gauge
        /// Upper bounds of the buckets in ascending order, without infinity.
        case histogram(buckets: [Double])
    }

    /// The full name; those of counters end in `_total`.
    public var name: String
    /// One sentence for the `HELP` line.
    public var help: String
    /// The Prometheus type.
    public var kind: Kind

    public init(name: String, help: String, kind: Kind) {
        self.name = name
        self.help = help
        self.kind = kind
    }
}
