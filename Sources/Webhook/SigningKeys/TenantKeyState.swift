public import Entra
import EntraTokens
import JOSE
import NIOCore
import OpenSSL
import SafeText
public import Timestamps

/// The state of one tenant's keys, for readiness, metrics and the status page.
public struct TenantKeyStatus: Hashable, Sendable {
    /// The tenant's ID.
    public var tenantID: GUID
    /// Number of different usable key IDs.
    public var keyCount = 0
    /// When the keys were last fetched, for a file's what the file says; nil if never.
    public var lastSuccess: Timestamp?
    /// From this time on the keys are too old; nil if there are none.
    public var usableUntil: Timestamp?
    /// Why the last attempt failed; nil after a success.
    public var lastError: String?
    /// When the next fetch is due; nil if none is planned.
    public var nextRefresh: Timestamp?
    /// Whether the keys come from a file and are never fetched.
    public var isOffline: Bool

    /// Whether tokens can be verified at that time.
    public func isUsable(now: Timestamp) -> Bool {
        keyCount > 0 && (usableUntil.map { now < $0 } ?? false)
    }
}

/// One tenant's keys over time: what the fetches brought, and when another one may start. Pure.
///
/// Keys are too old when either of two clocks says so. The time of day can be set back after a fetch; the keys would
/// then seem young for days. The uptime stops while a virtual machine is paused, and a cache file does not contain it.
///
/// Nobody can tell a time of day that was set forward by mistake from a pause of the machine that was just noticed, so
/// both end the keys. If it was a mistake, tokens seem expired as well, and the next fetch brings keys again. Keys must
/// not be dated back when the clock is found to be behind them: where it goes back and forth, they would end for good
/// although they were just fetched.
struct TenantKeyState: Sendable {
    /// One moment on both clocks.
    struct Instant: Hashable, Sendable {
        var time: Timestamp
        /// In nanoseconds. Negative for keys from a cache file that is older than the machine's start.
        var uptime: Int64

        init(time: Timestamp, uptime: Int64) {
            self.time = time
            self.uptime = uptime
        }

        init(_ moment: RemoteKeyState.Moment) {
            self.init(time: moment.now, uptime: Int64(clamping: moment.uptime.uptimeNanoseconds))
        }
    }

    struct VersionSet: Sendable {
        var report: KeySetReport
        var fetched: Instant
        var fetchedAt: Timestamp { fetched.time }
    }

    /// In seconds; nil for keys from a file, which do not age, because an operator is responsible for them.
    let maximumAge: Int64?
    let unknownKeyRefreshInterval: Duration
    /// In the order in which their keys are used.
    static let versions = [TokenVersion.v2, .v1]
    private(set) var sets: [TokenVersion: VersionSet] = [:]
    /// Start of the fetch in progress; nil if there is none.
    private(set) var fetchBegan: Instant?
    private var lastExtraFetch: NIODeadline?

    init(maximumAge: Int64?, unknownKeyRefreshInterval: Duration) {
        self.maximumAge = maximumAge
        self.unknownKeyRefreshInterval = unknownKeyRefreshInterval
    }

    // MARK: Fetches

    enum ExtraFetch: Hashable {
        case start
        case join
        case refuse
    }

    /// Decides whether an unknown key ID may cause a fetch now, and records that the fetch begins.
    mutating func extraFetch(at moment: RemoteKeyState.Moment) -> ExtraFetch {
        if fetchBegan != nil { return .join }
        if let lastExtraFetch, moment.uptime - lastExtraFetch < TimeAmount(unknownKeyRefreshInterval) {
            return .refuse
        }
        lastExtraFetch = moment.uptime
        fetchBegan = Instant(moment)
        return .start
    }

    /// False if a fetch is in progress.
    mutating func startFetch(at moment: RemoteKeyState.Moment) -> Bool {
        guard fetchBegan == nil else { return false }
        fetchBegan = Instant(moment)
        return true
    }

    mutating func endFetch() {
        fetchBegan = nil
    }

    // MARK: Keys

    /// Stores the result of a fetch. A version that failed keeps its last good set until that is too old.
    mutating func take(_ report: KeySetReport, for version: TokenVersion, at instant: Instant) {
        sets[version] = VersionSet(report: report, fetched: instant)
    }

    /// Takes over the sets of another configuration's state for the same tenant, and its limits on fetches.
    mutating func take(_ former: TenantKeyState) {
        sets = former.sets
        lastExtraFetch = former.lastExtraFetch
    }

    /// Drops sets that are too old. Returns whether there were any.
    mutating func removeOutdated(at moment: RemoteKeyState.Moment) -> Bool {
        let before = sets.count
        sets = sets.filter { secondsLeft($0.value, at: moment).map { $0 > 0 } ?? true }
        return sets.count < before
    }

    /// Seconds until the first set will be too old; nil if none will.
    func secondsLeft(at moment: RemoteKeyState.Moment) -> Int64? {
        sets.values.compactMap { secondsLeft($0, at: moment) }.min()
    }

    /// The smaller result of the two clocks, rounded up.
    private func secondsLeft(_ set: VersionSet, at moment: RemoteKeyState.Moment) -> Int64? {
        guard let maximumAge else { return nil }
        let age = Instant(moment).uptime - set.fetched.uptime
        let left = maximumAge - Int64((Double(age) / 1e9).rounded(.down))
        return min(end(of: set).seconds(since: moment.now), left)
    }

    private func end(of set: VersionSet) -> Timestamp {
        maximumAge.map { set.fetchedAt.adding(seconds: $0) } ?? Timestamp(secondsSinceEpoch: .max)
    }

    /// Usable key IDs, each counted once.
    var keyCount: Int { Set(sets.values.flatMap { $0.report.usable.map(\.keyID) }).count }

    var lastSuccess: Timestamp? { sets.values.map(\.fetchedAt).max() }

    /// The usable keys of both versions together; nil if there are none.
    var keySet: TenantKeySet? {
        guard let usableUntil = sets.values.map(end).max() else { return nil }
        var keys: [SigningKey] = []
        var known: [ExactText: Set<RSANumbers>] = [:]
        for version in TenantKeyState.versions {
            for key in sets[version]?.report.usable ?? [] {
                if known[key.keyID, default: []].insert(RSANumbers(key.publicKey)).inserted { keys.append(key) }
            }
        }
        return TenantKeySet(keys: keys, usableUntil: usableUntil)
    }

    /// The usable keys of the newest sets, as the documents have them, each once. They all have the same age.
    var newestJWKs: [JWK] {
        let newest = TenantKeyState.versions.compactMap { sets[$0] }.filter { $0.fetchedAt == lastSuccess }
        return KeyFile.usableJWKs(newest.map(\.report))
    }

    /// Unusable keys and their problems, for the log.
    var problems: [KeyProblemNote] {
        var notes: [KeyProblemNote] = []
        for version in TenantKeyState.versions {
            for key in sets[version]?.report.keys ?? [] {
                guard let problem = key.problem else { continue }
                let note = KeyProblemNote(keyID: key.jwk.keyID, problem: problem)
                if !notes.contains(note) { notes.append(note) }
                if notes.count == KeyProblemNote.maximum { return notes }
            }
        }
        return notes
    }
}

/// An unusable key.
struct KeyProblemNote: Hashable, Sendable, CustomStringConvertible {
    static let maximum = 8

    var keyID: String?
    var problem: KeyProblem

    var description: String { "\(keyID.map { String($0.prefix(64)) } ?? "one") \(problem.sentence)" }
}
