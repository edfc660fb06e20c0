import Authentication
import Entra
import Timestamps

/// The decisions of one event loop in the last quarter of an hour, for the status page. Contains no identities.
struct DecisionHistory: Sendable {
    static let minutes = 15
    static let refusals = 50

    struct Minute: Sendable {
        /// Minutes since 1970.
        var index: Int64
        var accepted = 0
        var byReason: [RefusalReason: Int] = [:]
        var cacheHits = 0
        var cacheMisses = 0
        /// Counts by slot of ``LatencyScale``.
        var latencies = [Int](repeating: 0, count: LatencyScale.count)

        mutating func add(_ other: Minute) {
            accepted += other.accepted
            byReason.merge(other.byReason, uniquingKeysWith: +)
            cacheHits += other.cacheHits
            cacheMisses += other.cacheMisses
            for slot in latencies.indices { latencies[slot] += other.latencies[slot] }
        }
    }

    struct Refusal: Sendable {
        var time: Timestamp
        var reason: RefusalReason
        var tenantID: GUID?
        var clientAppID: String?
        var decisionID: String
    }

    private(set) var recentMinutes: [Minute] = []
    /// The last refusals, the latest at the end.
    private(set) var recentRefusals: [Refusal] = []

    mutating func record(_ decision: Decision, id: String, nanoseconds: Int64, now: Timestamp) {
        let slot = minute(now)
        recentMinutes[slot].latencies[LatencyScale.slot(nanoseconds)] += 1
        guard let reason = decision.reason else {
            recentMinutes[slot].accepted += 1
            return
        }
        recentMinutes[slot].byReason[reason, default: 0] += 1
        // A ring buffer would save the move, but only few refusals are shown.
        if recentRefusals.count == Self.refusals { recentRefusals.removeFirst() }
        recentRefusals.append(
            Refusal(
                time: now, reason: reason, tenantID: decision.subject.tenantID,
                clientAppID: decision.subject.clientAppID, decisionID: id))
    }

    mutating func recordCacheLookup(isHit: Bool, now: Timestamp) {
        let slot = minute(now)
        if isHit { recentMinutes[slot].cacheHits += 1 } else { recentMinutes[slot].cacheMisses += 1 }
    }

    /// Merges the histories of several event loops: one entry for each of the last minutes, the current one last.
    static func merged(_ histories: [DecisionHistory], now: Timestamp) -> DecisionHistory {
        let last = now.secondsSinceEpoch / 60
        var result = DecisionHistory()
        for index in (last - Int64(minutes) + 1)...last {
            var sum = Minute(index: index)
            for history in histories {
                for minute in history.recentMinutes where minute.index == index { sum.add(minute) }
            }
            result.recentMinutes.append(sum)
        }
        let all = histories.flatMap(\.recentRefusals).sorted { $0.time < $1.time }
        result.recentRefusals = Array(all.suffix(refusals))
        return result
    }

    private mutating func minute(_ now: Timestamp) -> Int {
        let index = now.secondsSinceEpoch / 60
        if let last = recentMinutes.indices.last, recentMinutes[last].index == index { return last }
        if recentMinutes.count >= Self.minutes { recentMinutes.removeFirst() }
        recentMinutes.append(Minute(index: index))
        return recentMinutes.count - 1
    }
}

/// Latencies in steps of a quarter of a power of two, from a microsecond to several minutes.
enum LatencyScale {
    static let count = 120

    static func slot(_ nanoseconds: Int64) -> Int {
        let value = UInt64(max(1000, nanoseconds))
        let power = 63 - value.leadingZeroBitCount
        let quarter = Int(value >> UInt64(power - 2) & 3)
        return min(count - 1, max(0, (power - 9) * 4 + quarter))
    }

    /// The upper end of a slot, in seconds.
    static func seconds(_ slot: Int) -> Double {
        let power = slot / 4 + 9
        return Double(UInt64(1) << UInt64(power)) * (1 + Double(slot % 4 + 1) / 4) / 1e9
    }

    /// The latency below which this share of all latencies lies; nil if there are none.
    static func percentile(_ share: Double, of counts: [Int]) -> Double? {
        let total = counts.reduce(0, +)
        guard total > 0 else { return nil }
        var seen = 0
        for (slot, count) in counts.enumerated() {
            seen += count
            if Double(seen) >= Double(total) * share { return seconds(slot) }
        }
        return nil
    }
}
