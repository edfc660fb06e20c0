import Authentication
import Entra
import Glibc
import Jansson
import LineLogging
import Logging
import NIOConcurrencyHelpers
import OpenSSL
import Prometheus
import TestSupport
import Testing
import Timestamps

@testable import WebhookServer

@Suite struct LogTests {
    private func logger(_ format: LogFormat, _ writer: LineWriter) -> Logger {
        Logger(label: "t") {
            LineLogHandler(
                label: $0, settings: LogSettings(level: .info, format: format), writer: writer)
        }
    }

    private func verified(_ reason: RefusalReason) -> Decision {
        var decision = Decision(outcome: .refused(reason))
        decision.subject.keyID = "key"
        return decision
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
            log.record(verified(.tokenExpired), id: "A", digest: digest, nanoseconds: 5000)
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
        log.record(verified(.tokenExpired), id: "C", digest: digest, nanoseconds: 5000)
        audit.flush()
        log.secondPassed()
        #expect(
            registry.exposition(.prometheus).contains(
                "kube_entra_log_lines_dropped_total{log=\"audit\",cause=\"write_failed\"} 1\n"))
    }

    @Test("a flood of forged tokens writes a limited number of audit lines, of all event loops together")
    func boundsTheAuditOfUnverifiedTokens() throws {
        let sink = MemorySink()
        let audit = LineWriter(sink: sink)
        let registry = PrometheusRegistry()
        let metrics = ServerMetrics(factory: registry, version: "0")
        let time = NIOLockedValueBox(Timestamp(secondsSinceEpoch: 1_000_000))
        let limit = AuditLimit { time.withLockedValue { $0 } }
        let logs = (0..<2).map { _ in
            DecisionLog(
                logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }, metrics: metrics, audit: audit,
                auditLimit: limit)
        }
        func flood(_ count: Int) {
            for number in 0..<count {
                let forged = Decision(outcome: .refused(.signatureInvalid))
                logs[number % 2].record(forged, id: "forged", digest: digest, nanoseconds: 1)
            }
        }
        var seen = 0
        func newLines() throws -> [JSONDocument] {
            audit.flush()
            let lines = sink.lines.dropFirst(seen)
            seen += lines.count
            return try lines.map { try JSONDocument(parsing: Array($0.utf8)) }
        }
        flood(10_000)
        logs[0].record(verified(.tokenExpired), id: "person", digest: digest, nanoseconds: 1)
        logs[0].record(Decision(outcome: .refused(.keyNotFound)), id: "other", digest: digest, nanoseconds: 1)
        for log in logs { log.secondPassed() }
        var lines = try newLines()
        #expect(lines.count == AuditLimit.linesPerReason + 2)
        #expect(lines.suffix(2).map { $0.root["decision"]?.string } == ["person", "other"])
        // The flood goes on in the next minute.
        time.withLockedValue { $0 = $0.adding(seconds: 60) }
        flood(AuditLimit.linesPerReason + 5)
        lines = try newLines()
        #expect(lines.count == AuditLimit.linesPerReason + 1)
        #expect(lines[0].root["leftOut"]?.integer == Int64(10_000 - AuditLimit.linesPerReason))
        #expect(lines[0].root["reason"]?.string == "signature_invalid")
        #expect(lines[0].root["result"]?.string == "refused")
        // It ends, and the minute too; one event loop says so.
        for log in logs { log.secondPassed() }
        lines = try newLines()
        #expect(lines.isEmpty)
        time.withLockedValue { $0 = $0.adding(seconds: 60) }
        for log in logs { log.secondPassed() }
        lines = try newLines()
        #expect(lines.map { $0.root["leftOut"]?.integer } == [5])
        // The program ends within a minute.
        flood(AuditLimit.linesPerReason + 7)
        for log in logs { log.finish() }
        lines = try newLines()
        #expect(lines.last?.root["leftOut"]?.integer == 7)
        #expect(
            registry.exposition(.prometheus).contains(
                "kube_entra_log_lines_dropped_total{log=\"audit\",cause=\"repeated\"} \(9940 + 5 + 7)\n"))
    }
}
