public import CoreMetrics
import NIOConcurrencyHelpers

/// The metrics of the process, for swift-metrics on one side and Prometheus on the other.
///
/// Only declared families are kept, each with the label values that were asked for; anything else is discarded, so
/// that a library that brings its own metrics does not change the contract.
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
    // For making and reading series; the handlers are kept by those who count.
    private let series: NIOLockedValueBox<[[Series]]>

    public init(families: [MetricFamily]) {
        self.families = families
        familyNames = Dictionary(families.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        series = NIOLockedValueBox(Array(repeating: [], count: families.count))
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        guard case .counter(let cell) = cell(label, dimensions) else { return NOOPMetricsHandler.instance }
        return cell
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        guard case .gauge(let cell) = cell(label, dimensions) else { return NOOPMetricsHandler.instance }
        return cell
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        guard case .histogram(let cell) = cell(label, dimensions) else { return NOOPMetricsHandler.instance }
        return cell
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler { NOOPMetricsHandler.instance }

    // A series stays once it was shown: Prometheus takes a vanished one for a restart.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}

    /// Forgets what was counted for something that is no longer configured.
    public func removeSeries(withLabel name: String, value: String) {
        series.withLockedValue { series in
            for index in series.indices {
                series[index].removeAll { $0.labels.contains { $0.name == name && $0.value == value } }
            }
        }
    }

    /// What the counters of a family with one label stand at, by that label's value.
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
