import NIOCore

/// The state of an HTTP/2 connection, and what follows from each event: streams open and close, then the connection
/// retires in two steps (RFC 9113 section 6.8), and ends.
///
/// Pure: it uses no channel and no clock.
struct HTTP2StateMachine {
    private enum State: Equatable {
        case serving
        /// The server has announced the end of the connection. Streams that the client opened before it could know
        /// are still served.
        case retiring(limit: NIODeadline)
        /// The client has acknowledged the announcement, and opens no more streams.
        case lastStreams(limit: NIODeadline)
        case ended
    }

    /// What to do now.
    enum Action: Equatable {
        case record(RejectionCause)
        /// Tell the client that the connection ends, and ask for an acknowledgement.
        case announceShutdown
        /// The last GOAWAY, with the highest stream that is or was served.
        case sendGoAway(lastStream: Int, HTTP2GoAwayHandler.ErrorCode)
        /// Close after everything was sent.
        case end
        /// Close at once: nothing can be sent.
        case close
    }

    /// What went wrong on a connection.
    enum Failure: Equatable {
        /// The connection to the client itself.
        case transport
        /// Too many frames that lead to no request.
        case flood
        /// One stream, which was answered with RST_STREAM.
        case stream
        /// The protocol: a GOAWAY with an error was sent.
        case connection
    }

    private let streamLimit: Int
    private let idleTime: TimeAmount
    /// How long open requests of a retiring connection may take: the client need not acknowledge the end.
    private let retirementTime: TimeAmount
    private var state = State.serving
    private var openStreams = 0
    private var lastStream = 0
    /// When to call ``deadlinePassed(canAnnounce:grace:now:)``.
    private(set) var deadline: NIODeadline

    init(limits: ServerLimits, now: NIODeadline) {
        streamLimit = limits.streamsPerConnection
        idleTime = TimeAmount(limits.idleTimeout)
        retirementTime = TimeAmount(limits.requestTimeout + limits.reviewDeadline)
        deadline = now + idleTime
    }

    /// Whether the end of the connection was announced to the client.
    var isRetiring: Bool { state != .serving }

    // MARK: Streams

    /// A stream was opened. False if it is one too many, which is refused.
    mutating func streamOpened(_ id: Int?, grace: TimeAmount, now: NIODeadline) -> Bool {
        openStreams += 1
        lastStream = max(lastStream, id ?? 0)
        setDeadline(grace: grace, now: now)
        return openStreams <= streamLimit
    }

    /// A stream was closed. True if it was the last one of a retiring connection, which ends after its answer.
    mutating func streamClosed(grace: TimeAmount, now: NIODeadline) -> Bool {
        openStreams -= 1
        guard openStreams == 0 else { return false }
        setDeadline(grace: grace, now: now)
        if case .lastStreams = state { return true }
        return false
    }

    /// The turn in which the last answer was written is over.
    mutating func answersWritten() -> Action? {
        guard openStreams == 0, case .lastStreams = state else { return nil }
        state = .ended
        return .end
    }

    // MARK: The end

    /// The connection is to end.
    ///
    /// - Parameters:
    ///   - canAnnounce: whether the client can be notified: not before the server's SETTINGS.
    ///   - grace: how long the connection stays without open streams.
    mutating func retire(canAnnounce: Bool, grace: TimeAmount, now: NIODeadline) -> Action? {
        var action: Action?
        if state == .serving {
            guard canAnnounce else {
                state = .ended
                return .end
            }
            state = .retiring(limit: now + retirementTime)
            action = .announceShutdown
        }
        setDeadline(grace: grace, now: now)
        return action
    }

    /// The client has acknowledged ``Action/announceShutdown``.
    mutating func shutdownAcknowledged() -> [Action] {
        guard case .retiring(let limit) = state else { return [] }
        state = openStreams == 0 ? .ended : .lastStreams(limit: limit)
        return [.sendGoAway(lastStream: lastStream, .noError)] + (state == .ended ? [.end] : [])
    }

    mutating func failed(_ failure: Failure) -> [Action] {
        switch failure {
        case .transport: return [.close]
        case .stream: return [.record(.malformedRequest)]
        case .flood, .connection:
            guard state != .ended else { return [] }
            state = .ended
            let goAway: [Action] =
                failure == .flood ? [.sendGoAway(lastStream: lastStream, .enhanceYourCalm)] : []
            return goAway + [.record(.http2Violation), .end]
        }
    }

    /// ``deadline`` has passed: an idle connection retires, and one that retires ends.
    mutating func deadlinePassed(canAnnounce: Bool, grace: TimeAmount, now: NIODeadline) -> [Action] {
        switch state {
        case .serving:
            let retirement = retire(canAnnounce: canAnnounce, grace: grace, now: now)
            return [.record(.idleTimeout)] + (retirement.map { [$0] } ?? [])
        case .retiring:
            state = .ended
            return [.sendGoAway(lastStream: lastStream, .noError), .end]
        case .lastStreams:
            state = .ended
            return [.end]
        case .ended: return []
        }
    }

    private mutating func setDeadline(grace: TimeAmount, now: NIODeadline) {
        switch state {
        case .serving: deadline = openStreams > 0 ? .distantFuture : now + idleTime
        case .retiring(let limit), .lastStreams(let limit):
            deadline = openStreams > 0 ? limit : min(limit, now + grace)
        case .ended: break
        }
    }
}
