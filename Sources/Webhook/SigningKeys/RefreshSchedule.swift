/// When to fetch next. Pure: randomness is a parameter from 0 to 1.
struct RefreshSchedule: Hashable, Sendable {
    /// What is left after a failed attempt.
    enum Outlook: Hashable, Sendable {
        case noKeys
        /// The last good keys are usable for this time.
        case lastGoodKeys(Duration)
        /// The keys of one token version are new; those of the other could not be fetched.
        case partlyNew
    }

    var refreshEvery: Duration
    private(set) var failures = 0

    /// Longest time between attempts while there are no usable keys, so that the service recovers soon after an outage.
    static let longestWaitWithoutKeys = Duration.seconds(3)
    static let longestWaitWithKeys = Duration.seconds(60)
    static let longestWaitWithNewKeys = Duration.seconds(900)

    init(refreshEvery: Duration) {
        self.refreshEvery = refreshEvery
    }

    /// Time until the next fetch after a success, up to a tenth shorter, so that instances spread.
    mutating func waitAfterSuccess(random: Double) -> Duration {
        failures = 0
        return refreshEvery * (1 - 0.1 * random)
    }

    /// Time until the next attempt after a failure: it doubles from one second, and half of it is random.
    mutating func waitAfterFailure(_ outlook: Outlook, random: Double) -> Duration {
        let exponent = min(failures, 16)
        failures += 1
        let longest =
            switch outlook {
            case .noKeys: RefreshSchedule.longestWaitWithoutKeys
            // Once there are no keys, attempts are frequent.
            case .lastGoodKeys(let rest):
                min(RefreshSchedule.longestWaitWithKeys, max(rest, .zero) + RefreshSchedule.longestWaitWithoutKeys)
            case .partlyNew: RefreshSchedule.longestWaitWithNewKeys
            }
        let wait = min(Duration.seconds(1 << exponent), min(longest, refreshEvery))
        return wait * (0.5 + 0.5 * random)
    }
}
