import CoreMetrics
import Synchronization

/// A counter's value. Relaxed atomics: event loops never wait for each other.
final class CounterCell: CounterHandler {
    private let count = Atomic<Int64>(0)

    var value: Int64 { count.load(ordering: .relaxed) }

    func increment(by amount: Int64) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    /// Prometheus counters restart only with the process.
    func reset() {}
}

/// A gauge's value.
final class GaugeCell: MeterHandler {
    private let bits = Atomic<UInt64>(Double.zero.bitPattern)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    func increment(by amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, original) = bits.compareExchange(expected: old, desired: new, ordering: .relaxed)
            if exchanged { return }
            old = original
        }
    }

    func decrement(by amount: Double) { increment(by: -amount) }
}

/// A histogram of seconds.
final class HistogramCell: TimerHandler, @unchecked Sendable {
    let bounds: [Double]
    /// The same in whole nanoseconds, so that recording needs no floating point.
    private let nanosecondBounds: [Int64]
    // Never resized. Each element is atomic, which makes the class Sendable.
    private let counts: UnsafeMutablePointer<Atomic<Int64>>
    private let sum = Atomic<Int64>(0)

    init(bounds: [Double]) {
        self.bounds = bounds
        nanosecondBounds = bounds.map { Int64($0 * 1e9) }
        counts = .allocate(capacity: bounds.count + 1)
        for index in 0...bounds.count { (counts + index).initialize(to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize(count: bounds.count + 1)
        counts.deallocate()
    }

    func recordNanoseconds(_ duration: Int64) {
        var index = 0
        while index < nanosecondBounds.count, duration > nanosecondBounds[index] { index += 1 }
        counts[index].wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(max(0, duration), ordering: .relaxed)
    }

    /// Numbers of values up to each bound and beyond the last one, not cumulative.
    var bucketCounts: [Int64] { (0...bounds.count).map { counts[$0].load(ordering: .relaxed) } }
    var seconds: Double { Double(sum.load(ordering: .relaxed)) / 1e9 }
}
