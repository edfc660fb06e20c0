/// When to fetch next. Pure: randomness comes in as a number from 0 to 1.
struct RefreshSchedule: Hashable, Sendable {
    /// What a failed attempt leaves behind.
    enum Outlook: Hashable, Sendable {
        case noKeys
        /// The last known good keys serve that long still.
        case lastGoodKeys(Duration)
        /// One token version's keys are new and the other's could not be got.
        case partlyNew
    }

    var refreshEvery: Duration
    private(set) var failures = 0

    /// Longest wait between attempts while there are no usable keys, so that a start during an outage is over soon
    /// after the outage is.
    static let longestWaitWithoutKeys = Duration.seconds(3)
    static let longestWaitWithKeys = Duration.seconds(60)
    static let longestWaitWithNewKeys = Duration.seconds(900)

    init(refreshEvery: Duration) {
        self.refreshEvery = refreshEvery
    }

    /// The time until the next fetch after a success: up to a tenth sooner, so that instances spread.
    mutating func waitAfterSuccess(random: Double) -> Duration {
        failures = 0
        return refreshEvery * (1 - 0.1 * random)
    }

    /// The time until the next attempt after a failure: doubling from one second, with half of it random.
    mutating func waitAfterFailure(_ outlook: Outlook, random: Double) -> Duration {
        let exponent = min(failures, 16)
        failures += 1
        let longest =
            switch outlook {
            case .noKeys: RefreshSchedule.longestWaitWithoutKeys
            // From the moment without keys on, attempts are frequent.
            case .lastGoodKeys(let rest):
                min(RefreshSchedule.longestWaitWithKeys, max(rest, .zero) + RefreshSchedule.longestWaitWithoutKeys)
            case .partlyNew: RefreshSchedule.longestWaitWithNewKeys
            }
        let wait = min(Duration.seconds(1 << exponent), min(longest, refreshEvery))
        return wait * (0.5 + 0.5 * random)
    }
}
