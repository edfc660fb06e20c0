public import CoreMetrics
import NIOConcurrencyHelpers

/// The metrics of the process, between swift-metrics and Prometheus.
///
/// Only declared families are kept, with all label values that occur. Everything else is discarded, so that metrics of
/// libraries do not change the contract.
public final class PrometheusRegistry: MetricsFactory {
    enum Cell {
        case counter(CounterCell)
        case gauge(GaugeCell)
        case histogram(HistogramCell)
    }

    struct Series {
        var labels: [(name: String, value: String)]
        var cell: Cell
    }

    let families: [MetricFamily]
    private let familyNames: [String: Int]
    // Used to create and read series. Code that counts keeps the handlers.
    private let series: NIOLockedValueBox<[[Series]]>

    /// A registry of these families. If two have the same name, the first one is used.
    public init(families: [MetricFamily]) {
        self.families = families
        familyNames = Dictionary(families.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        series = NIOLockedValueBox(Array(repeating: [], count: families.count))
    }

    /// The counter with these labels; the same one on each call. One that counts nothing if no such family is declared.
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        guard case .counter(let cell) = cell(label, dimensions) else { return NOOPMetricsHandler.instance }
        return cell
    }

    /// The gauge with these labels; the same one on each call.
    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        guard case .gauge(let cell) = cell(label, dimensions) else { return NOOPMetricsHandler.instance }
        return cell
    }

    /// The histogram with these labels; the same one on each call.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        guard case .histogram(let cell) = cell(label, dimensions) else { return NOOPMetricsHandler.instance }
        return cell
    }

    /// Recorders are not used, so this one records nothing.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler { NOOPMetricsHandler.instance }

    /// A series is never removed here, because Prometheus would take its absence for a restart.
    public func destroyCounter(_ handler: any CounterHandler) {}
    /// Does nothing, like ``destroyCounter(_:)``.
    public func destroyMeter(_ handler: any MeterHandler) {}
    /// Does nothing, like ``destroyCounter(_:)``.
    public func destroyTimer(_ handler: any TimerHandler) {}
    /// Does nothing, like ``destroyCounter(_:)``.
    public func destroyRecorder(_ handler: any RecorderHandler) {}

    /// Removes the series of something that is no longer configured.
    public func removeSeries(withLabel name: String, value: String) {
        series.withLockedValue { series in
            for index in series.indices {
                series[index].removeAll { $0.labels.contains { $0.name == name && $0.value == value } }
            }
        }
    }

    /// The counters of a family with one label, by that label's value.
    public func counts(of family: String) -> [(label: String, count: Int64)] {
        guard let index = familyNames[family] else { return [] }
        return seriesByFamily()[index].compactMap { entry in
            guard case .counter(let cell) = entry.cell, let label = entry.labels.first else { return nil }
            return (label.value, cell.value)
        }
    }

    func seriesByFamily() -> [[Series]] { series.withLockedValue { $0 } }

    private func cell(_ name: String, _ dimensions: [(String, String)]) -> Cell? {
        guard let index = familyNames[name] else { return nil }
        return series.withLockedValue { series in
            let known = series[index].first { entry in
                entry.labels.count == dimensions.count
                    && zip(entry.labels, dimensions).allSatisfy { $0.name == $1.0 && $0.value == $1.1 }
            }
            if let known { return known.cell }
            let cell: Cell =
                switch families[index].kind {
                case .counter: .counter(CounterCell())
                case .gauge: .gauge(GaugeCell())
                case .histogram(let buckets): .histogram(HistogramCell(bounds: buckets))
                }
            series[index].append(Series(labels: dimensions.map { (name: $0.0, value: $0.1) }, cell: cell))
            return cell
        }
    }
}
