import Entra
import Timestamps

/// Everything on the status page, before it is written as text or HTML.
struct StatusReport: Sendable {
    var info: StatusInfo
    var started: Timestamp
    var now: Timestamp
    var readiness: [HealthReport.Line]
    var openConnections: Int
    /// Handshakes since the start, by the group of the key exchange.
    var keyExchanges: [String: Int] = [:]
    var history: DecisionHistory
    /// Callers and requests that were rejected without a decision, by cause, since the start.
    var rejections: [(label: String, count: Int64)] = []

    struct Fact {
        var name: String
        var value: String
    }

    var total: DecisionHistory.Minute {
        var sum = DecisionHistory.Minute(index: 0)
        for minute in history.recentMinutes { sum.add(minute) }
        return sum
    }

    var isReady: Bool { readiness.allSatisfy { $0.failure == nil } }

    var facts: [Fact] {
        let total = total
        let lookups = total.cacheHits + total.cacheMisses
        return [
            Fact(name: "Version", value: info.version),
            Fact(name: "Up", value: Self.age(now.seconds(since: started)) + ", since " + started.rfc3339),
            Fact(name: "Configuration", value: info.configurationFile),
            Fact(name: "Configuration SHA-256", value: String(info.configurationSHA256.prefix(12))),
            Fact(name: "Newer configuration", value: info.refusedConfiguration ?? "none"),
            Fact(name: "Denied entries in force", value: String(info.deniedEntries)),
            Fact(name: "Open connections", value: String(openConnections)),
            Fact(name: "Key exchanges", value: keyExchangeText),
            Fact(name: "Cryptography", value: info.cryptography),
            Fact(name: "Latency p50", value: latency(0.5, total)),
            Fact(name: "Latency p90", value: latency(0.9, total)),
            Fact(name: "Latency p99", value: latency(0.99, total)),
            Fact(name: "Cache hits", value: lookups == 0 ? "no reviews" : "\(total.cacheHits * 100 / lookups) %"),
        ] + watchFacts
    }

    /// The key exchanges of handshakes, the most used first.
    private var keyExchangeText: String {
        let all = keyExchanges.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return all.isEmpty ? "none" : all.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    private var watchFacts: [Fact] {
        guard let watch = info.watch else { return [] }
        return [
            Fact(name: "Watched principals", value: String(watch.principals)),
            Fact(
                name: "Oldest answer",
                value: watch.oldestAnswer.map { Self.age(now.seconds(since: $0)) + " ago" } ?? "none"),
            Fact(name: "Lost or gained in the last hour", value: String(watch.changedCount)),
            Fact(name: "Microsoft Graph forbids", value: watch.forbidden ?? "nothing"),
        ]
    }

    static let tenantColumns = ["Tenant", "Cloud", "Keys", "Last fetched", "Next fetch", "Problem"]

    var tenantRows: [[String]] {
        info.tenants.map { tenant in
            [
                annotated(tenant.tenantID), tenant.cloud, String(tenant.keyCount),
                tenant.lastSuccess.map { Self.age(now.seconds(since: $0)) + " ago" } ?? "never",
                tenant.nextRefresh.map { "in " + Self.age($0.seconds(since: now)) } ?? "never",
                tenant.problem ?? "none",
            ]
        }
    }

    static let certificateColumns = ["Certificate", "Subject", "Expires", "In"]

    var certificateRows: [[String]] {
        info.certificates.map { certificate in
            let left = certificate.expires.seconds(since: now)
            return [
                certificate.field, certificate.subject, certificate.expires.rfc3339,
                left < 0 ? "expired" : Self.age(left),
            ]
        }
    }

    static let reasonColumns = ["Result", "Reason", "Count"]

    var reasonRows: [[String]] {
        let total = total
        let refused = total.byReason.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return [["accepted", "", String(total.accepted)]]
            + refused.map { [$0.key.isForeign ? "foreign" : "refused", $0.key.code, String($0.value)] }
    }

    /// An ID, and what people call it.
    func annotated(_ id: String) -> String {
        info.names[GUID(id)?.description ?? id].map { "\(id) (\($0))" } ?? id
    }

    static let rejectionColumns = ["Cause", "Count"]

    var rejectionRows: [[String]] {
        rejections.filter { $0.count > 0 }.sorted { ($1.count, $0.label) < ($0.count, $1.label) }
            .map { [$0.label, String($0.count)] }
    }

    static let refusalColumns = ["Time", "Reason", "Tenant", "Client application", "Decision"]

    var refusalRows: [[String]] {
        history.recentRefusals.reversed().map { refusal in
            [
                refusal.time.rfc3339, refusal.reason.code, annotated(refusal.tenantID?.description ?? ""),
                annotated(refusal.clientAppID ?? ""), refusal.decisionID,
            ]
        }
    }

    /// The largest unit that fits, and the next smaller one.
    static func age(_ seconds: Int64) -> String {
        let seconds = max(0, seconds)
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }

    private func latency(_ share: Double, _ total: DecisionHistory.Minute) -> String {
        guard let seconds = LatencyScale.percentile(share, of: total.latencies) else { return "no reviews" }
        return seconds < 0.001
            ? "\(Int(seconds * 1e6)) µs" : seconds < 1 ? "\(Int(seconds * 1e3)) ms" : "\(Int(seconds)) s"
    }
}
