import Authentication
import Entra
import Glibc
import Jansson
import LineLogging
import Logging
import OpenSSL
import Prometheus
import TestSupport
import Testing

@testable import WebhookServer

@Suite struct LogTests {
    private func logger(_ format: LogFormat, _ writer: LineWriter) -> Logger {
        Logger(label: "t") {
            LineLogHandler(
                label: $0, settings: LogSettings(level: .info, format: format), writer: writer)
        }
    }

    private let digest = [UInt8]("token".utf8).withUnsafeBytes { SHA256Digest(hashing: $0) }

    @Test("a flood of one refusal writes a limited number of lines")
    func boundsFloodsOfTheSameRefusal() {
        let sink = MemorySink()
        let writer = LineWriter(sink: sink)
        let registry = PrometheusRegistry()
        let log = DecisionLog(
            logger: logger(.text, writer), metrics: ServerMetrics(factory: registry, version: "0"))
        for round in 0..<10_000 {
            log.record(Decision(outcome: .refused(.tokenMalformed)), id: "\(round)", digest: digest, nanoseconds: 1)
        }
        log.record(Decision(outcome: .refused(.tokenExpired)), id: "other", digest: digest, nanoseconds: 1)
        log.secondPassed()
        log.record(Decision(outcome: .refused(.tokenMalformed)), id: "next", digest: digest, nanoseconds: 1)
        writer.flush()
        let lines = sink.lines
        #expect(lines.count == DecisionLog.linesPerReason + 3)
        #expect(lines.contains { $0.contains("leftOut=9900 reason=token_malformed") })
        #expect(
            registry.exposition(.prometheus).contains(
                "kube_entra_log_lines_dropped_total{log=\"decisions\",cause=\"repeated\"} 9900\n"))
    }

    @Test("the audit file has every decision of ours, and lost lines are counted")
    func auditsWhatIsOursAndCountsWhatIsLost() throws {
        let sink = MemorySink()
        let audit = LineWriter(sink: sink)
        let registry = PrometheusRegistry()
        let log = DecisionLog(
            logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() },
            metrics: ServerMetrics(factory: registry, version: "0"), audit: audit)
        for _ in 0..<100 {
            log.record(Decision(outcome: .refused(.tokenExpired)), id: "A", digest: digest, nanoseconds: 5000)
            log.record(Decision(outcome: .refused(.tokenMalformed)), id: "B", digest: digest, nanoseconds: 5000)
        }
        audit.flush()
        let lines = sink.lines
        #expect(lines.count == 100)
        let root = try JSONDocument(parsing: Array(lines[0].utf8)).root
        #expect(root["reason"]?.string == "token_expired")
        #expect(root["decision"]?.string == "A")
        #expect(lines[0].contains(#""durationMicroseconds":5,"#))
        #expect(root["level"] == nil)

        sink.setBroken(true)
        log.record(Decision(outcome: .refused(.tokenExpired)), id: "C", digest: digest, nanoseconds: 5000)
        audit.flush()
        log.secondPassed()
        #expect(
            registry.exposition(.prometheus).contains(
                "kube_entra_log_lines_dropped_total{log=\"audit\",cause=\"write_failed\"} 1\n"))
    }
}
