import Prometheus
import WebhookServer

/// Every metric family, from the registry's declarations.
enum MetricReference {
    static var text: String {
        "# Metrics\n\n`GET /metrics` on the operations address: Prometheus text, and OpenMetrics when asked. Every metric"
            + " exists from the start. There are also the usual `process_*`.\n\n"
            + Markdown.table(
                ["metric", "kind", "what it says"],
                MetricFamily.all.map { ["`\($0.name)`", kind($0.kind), $0.help] })
    }

    private static func kind(_ kind: MetricFamily.Kind) -> String {
        switch kind {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }
}
