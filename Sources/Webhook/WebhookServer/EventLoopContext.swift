import NIOCore
import NIOHTTP1
import NIOOpenSSL
import OpenSSL
import Timestamps

/// A connection or request with a deadline, which must end by itself.
protocol ManagedConnection: AnyObject {
    /// When ``deadlinePassed()`` is called, up to ``EventLoopContext/sweepInterval`` later.
    var deadline: NIODeadline { get }
    func deadlinePassed()
    /// Finishes what has begun and accepts nothing new.
    func quiesce()
}

/// Everything that one event loop needs to answer requests. It never leaves the event loop.
final class EventLoopContext {
    static let sweepInterval = TimeAmount.milliseconds(200)
    /// How long an idle connection stays open during shutdown, because a request may be on its way.
    static let idleGrace = Duration.milliseconds(500)
    /// Time after which a closing connection's transport is closed, whatever the client does.
    static let transportCloseDelay = TimeAmount.milliseconds(150)

    let eventLoop: any EventLoop
    /// For connections and requests that begin from now on.
    var limits: ServerLimits
    let ledger: ConnectionLimiter
    let metrics: ServerMetrics
    /// The log of rejected connections; nil to write none.
    let rejections: RejectionLog?
    let reviewer: any RequestReviewer
    /// Called about once a second.
    var onSecond: () -> Void = {}
    /// Increases when settings change, so that a connection that is being set up knows that its own are outdated.
    private(set) var generation = 0
    private(set) var isDraining = false
    /// Handshakes since the start, by key exchange group.
    private(set) var keyExchanges: [String: Int] = [:]
    /// Updated at each sweep: exact enough for deadlines, and free.
    private(set) var now: NIODeadline
    private(set) var httpDate = ""
    private var httpDateSecond: Int64 = .min
    private var members: [ObjectIdentifier: any ManagedConnection] = [:]
    private var sweep: RepeatedTask?
    private let clock: () -> NIODeadline

    init(
        eventLoop: any EventLoop,
        limits: ServerLimits,
        ledger: ConnectionLimiter,
        metrics: ServerMetrics,
        rejections: RejectionLog? = nil,
        reviewer: any RequestReviewer,
        clock: @escaping () -> NIODeadline = { .now() }
    ) {
        self.eventLoop = eventLoop
        self.limits = limits
        self.ledger = ledger
        self.metrics = metrics
        self.rejections = rejections
        self.reviewer = reviewer
        self.clock = clock
        now = clock()
        tick()
    }

    var memberCount: Int { members.count }

    func deadline(after duration: Duration) -> NIODeadline { now + TimeAmount(duration) }

    /// Like ``deadline(after:)``, but reads the clock: after a stall the cached ``now`` lags, and a short grace period
    /// could already have expired.
    func exactDeadline(after duration: Duration) -> NIODeadline { clock() + TimeAmount(duration) }

    func add(_ member: any ManagedConnection) {
        members[ObjectIdentifier(member)] = member
    }

    func remove(_ member: any ManagedConnection) {
        members.removeValue(forKey: ObjectIdentifier(member))
    }

    func countKeyExchange(_ group: String?) { keyExchanges[group ?? "unknown", default: 0] += 1 }

    func startSweeping() {
        guard sweep == nil else { return }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        sweep = eventLoop.scheduleRepeatedTask(initialDelay: Self.sweepInterval, delay: Self.sweepInterval) { _ in
            bound.value.tick()
        }
    }

    func stopSweeping() {
        sweep?.cancel()
        sweep = nil
    }

    /// Quiesces every connection, and from now on each new connection after its first request.
    func drain() {
        isDraining = true
        retireMembers()
    }

    /// Quiesces all current connections at once.
    func retireMembers() {
        for member in Array(members.values) { member.quiesce() }
    }

    /// Quiesces all current connections, spread over this time so that clients do not all reconnect at once.
    func retireMembers(within duration: TimeAmount) {
        generation += 1
        let isolated = eventLoop.assumeIsolated()
        for member in members.values {
            let delay = TimeAmount.nanoseconds(.random(in: 0...duration.nanoseconds))
            isolated.scheduleTask(in: delay) { [weak member] in member?.quiesce() }
        }
    }

    /// Limits the wait for a client that does not answer close_notify.
    func closeTransportSoon(_ context: ChannelHandlerContext) {
        eventLoop.assumeIsolated().scheduleTask(in: Self.transportCloseDelay) { context.closeTransport() }
    }

    func tick() {
        now = clock()
        let time = Timestamp.now()
        if time.secondsSinceEpoch != httpDateSecond {
            httpDateSecond = time.secondsSinceEpoch
            httpDate = time.httpDate
            onSecond()
        }
        // Connections are removed during the loop, so the overdue ones are collected first.
        var late: [any ManagedConnection] = []
        for member in members.values where member.deadline <= now { late.append(member) }
        for member in late { member.deadlinePassed() }
    }
}
