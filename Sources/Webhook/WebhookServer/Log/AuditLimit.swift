import Entra
import LineLogging
import NIOConcurrencyHelpers
import Timestamps

/// Limits the audit lines about tokens of which nothing was verified, for all event loops together.
///
/// Nobody needs an account to forge such tokens, and nothing but this limit keeps a flood of them from filling the disk
/// of a control-plane node. A line about each says no more than the first ones do: it names nobody.
final class AuditLimit: Sendable {
    /// Lines for each reason in one ``RepeatLimit/interval``.
    static let linesPerReason = 60

    private let clock: @Sendable () -> Timestamp
    private let limits = NIOLockedValueBox<[RefusalReason: RepeatLimit]>([:])

    init(clock: @escaping @Sendable () -> Timestamp = { .now() }) {
        self.clock = clock
    }

    /// Nil if the line must be left out; otherwise the number of lines left out since the previous one.
    func admit(_ reason: RefusalReason) -> Int? {
        let now = clock()
        return limits.withLockedValue { $0[reason, default: RepeatLimit(Self.linesPerReason)].admit(at: now) }
    }

    /// The numbers of lines that were left out and not reported yet.
    ///
    /// - Parameter isLast: also of intervals that have not ended.
    func takeLeftOut(isLast: Bool = false) -> [(reason: RefusalReason, count: Int)] {
        limits.withLockedValue { limits in
            guard !limits.isEmpty else { return [] }
            let now = clock()
            var taken: [(reason: RefusalReason, count: Int)] = []
            for reason in limits.keys.sorted() {
                let count = limits[reason]?.takeLeftOut(endedBy: isLast ? nil : now) ?? 0
                if count > 0 { taken.append((reason, count)) }
            }
            return taken
        }
    }
}
