/// The text formats for metrics.
public enum ExpositionFormat: Sendable {
    /// Prometheus text format 0.0.4.
    case prometheus
    /// The text format of OpenMetrics 1.0.0.
    case openMetrics

    /// The media type of the format.
    public var contentType: String {
        switch self {
        case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }
}

extension PrometheusRegistry {
    /// All current values, with the metrics of the process itself.
    public func exposition(_ format: ExpositionFormat) -> String {
        var writer = ExpositionWriter(format: format)
        for (family, series) in zip(families, seriesByFamily()) {
            writer.begin(family)
            for entry in series { writer.write(entry, of: family) }
        }
        for (family, value) in ProcessMetrics.read() {
            writer.begin(family)
            writer.line(family.name, [], ExpositionWriter.number(value))
        }
        return writer.finish()
    }
}

private struct ExpositionWriter {
    let format: ExpositionFormat
    var text = ""

    init(format: ExpositionFormat) {
        self.format = format
        text.reserveCapacity(16_384)
    }

    mutating func begin(_ family: MetricFamily) {
        let type =
            switch family.kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        // In OpenMetrics, a counter's family has no `_total` suffix; only its samples have it.
        let name =
            format == .openMetrics && family.name.hasSuffix("_total")
            ? String(family.name.dropLast("_total".count)) : family.name
        text += "# HELP \(name) \(escaped(family.help, quotes: format == .openMetrics))\n# TYPE \(name) \(type)\n"
    }

    mutating func write(_ series: PrometheusRegistry.Series, of family: MetricFamily) {
        switch series.cell {
        case .counter(let cell): line(family.name, series.labels, String(cell.value))
        case .gauge(let cell): line(family.name, series.labels, Self.number(cell.value))
        case .histogram(let cell):
            var total: Int64 = 0
            for (bound, count) in zip(cell.bounds.map(bucketBound) + ["+Inf"], cell.bucketCounts) {
                total += count
                line(family.name + "_bucket", series.labels + [(name: "le", value: bound)], String(total))
            }
            line(family.name + "_sum", series.labels, Self.number(cell.seconds))
            line(family.name + "_count", series.labels, String(total))
        }
    }

    mutating func line(_ name: String, _ labels: [(name: String, value: String)], _ value: String) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(value)\n"
    }

    mutating func finish() -> String {
        if format == .openMetrics { text += "# EOF\n" }
        return text
    }

    /// Whole numbers without a fraction, as counters and bounds are usually written.
    static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    /// OpenMetrics requires a fraction in bounds, so that equal bounds are written alike.
    private func bucketBound(_ value: Double) -> String {
        format == .openMetrics ? "\(value)" : Self.number(value)
    }

    private func escaped(_ value: String, quotes: Bool) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return value }
        var result = ""
        for character in value.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
