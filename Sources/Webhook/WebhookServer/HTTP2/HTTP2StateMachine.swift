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
    /// Time for a frame, a header block or the preface to arrive.
    private let requestTime: TimeAmount
    /// How long open requests of a retiring connection may take: the client need not acknowledge the end.
    private let retirementTime: TimeAmount
    private var state = State.serving
    private var openStreams = 0
    private var lastStream = 0
    /// When an idle connection retires, or a retiring one ends.
    private var phaseDeadline: NIODeadline

    init(limits: ServerLimits, now: NIODeadline) {
        streamLimit = limits.streamsPerConnection
        idleTime = TimeAmount(limits.idleTimeout)
        requestTime = TimeAmount(limits.requestTimeout)
        retirementTime = TimeAmount(limits.requestTimeout + limits.reviewDeadline)
        phaseDeadline = now + idleTime
    }

    /// When to call ``deadlinePassed(unfinishedSince:canAnnounce:grace:now:)``.
    ///
    /// - Parameter unfinishedSince: since when the client has owed the rest of a frame, a header block or the preface;
    ///   nil if it owes nothing.
    func deadline(unfinishedSince: NIODeadline?) -> NIODeadline {
        guard let unfinishedSince, isReceiving else { return phaseDeadline }
        return min(phaseDeadline, unfinishedSince + requestTime)
    }

    /// Whether requests may follow.
    private var isReceiving: Bool {
        switch state {
        case .serving, .retiring: true
        case .lastStreams, .ended: false
        }
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

    /// ``deadline(unfinishedSince:)`` has passed: an idle connection retires, and one that retires or has not finished
    /// what it sends ends.
    mutating func deadlinePassed(
        unfinishedSince: NIODeadline?, canAnnounce: Bool, grace: TimeAmount, now: NIODeadline
    ) -> [Action] {
        if let unfinishedSince, isReceiving, unfinishedSince + requestTime <= now {
            return requestOverdue(canAnnounce: canAnnounce, now: now)
        }
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

    /// What the client has begun cannot be answered, as HTTP/1.1 does with 408, because it may belong to no stream.
    /// Requests that arrived before it still get their answers.
    private mutating func requestOverdue(canAnnounce: Bool, now: NIODeadline) -> [Action] {
        var actions = [Action.record(.requestTimeout)]
        if canAnnounce { actions.append(.sendGoAway(lastStream: lastStream, .noError)) }
        guard openStreams > 0 else {
            state = .ended
            return actions + [.end]
        }
        phaseDeadline = now + retirementTime
        if case .retiring(let limit) = state { phaseDeadline = limit }
        state = .lastStreams(limit: phaseDeadline)
        return actions
    }

    private mutating func setDeadline(grace: TimeAmount, now: NIODeadline) {
        switch state {
        case .serving: phaseDeadline = openStreams > 0 ? .distantFuture : now + idleTime
        case .retiring(let limit), .lastStreams(let limit):
            phaseDeadline = openStreams > 0 ? limit : min(limit, now + grace)
        case .ended: break
        }
    }
}
