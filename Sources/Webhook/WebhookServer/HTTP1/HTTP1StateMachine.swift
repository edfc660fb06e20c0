import NIOCore

/// The state of an HTTP/1.1 connection, and what follows from each event. Requests are processed one after the other;
/// each is answered before the next one is read.
///
/// Pure: it uses no channel and no clock. The handler reports what happened, and then carries out the actions of
/// ``next(now:)`` until that returns nil.
struct HTTP1StateMachine {
    /// The facts about a request on which its answer depends.
    private struct Exchange: Equatable {
        var keepsAlive: Bool
        var isHEAD: Bool
    }

    private enum State: Equatable {
        /// Between requests.
        case idle
        /// A head has begun.
        case head
        case body(Exchange)
        /// A whole request waits for its answer. Nothing is read meanwhile.
        case deciding(Exchange)
        /// The last answer was sent. Further bytes are discarded until the client closes.
        case draining
    }

    /// What to do after an answer was sent.
    enum Sequel: Equatable {
        /// The next request.
        case next
        /// Wait for the client to close: closing at once, with unread bytes, could reset the connection before the
        /// client has read the answer.
        case drain
        case close
    }

    /// How an answer is written, and how many bytes are no longer in flight.
    struct Answer: Equatable {
        var sequel: Sequel
        /// False in an answer to HEAD.
        var hasBody = true
        var released = 0
        var endpoint = RequestStateMachine.Endpoint.tokenReviews
    }

    /// What to do now.
    enum Action: Equatable {
        /// Tell the client that it may send the body.
        case sendContinue
        /// Count these bytes of a body as in flight, and report with ``reserved(_:now:)`` whether they may be.
        case reserve(Int, RequestStateMachine.Endpoint)
        /// Decide on a whole body, and call ``answered(wasWaiting:now:)`` when that is done.
        case review(ByteBuffer, RequestStateMachine.Endpoint)
        case refuse(HTTPRejection, Answer)
    }

    /// What follows from a deadline that has passed.
    enum Lateness: Equatable {
        case none
        /// The client does not read its answers. close_notify would wait behind them.
        case abort
        /// No request came for too long, although the connection was not about to end.
        case closeIdle
        case close
        case refuse(HTTPRejection, Answer)
    }

    /// Number of bytes that may wait while a request is being decided: about as many as one turn of reading brings.
    static let longestQueue = 3 << 16
    private static let drainTime = TimeAmount.seconds(1)

    private let isClientAllowed: Bool
    private let idleTime: TimeAmount
    /// Time for a request to arrive, and for the client to read an answer.
    private let requestTime: TimeAmount
    private var reader: HTTP1RequestReader
    private var request: RequestStateMachine
    private var state = State.idle
    /// A part of a body that isn't counted yet.
    private var uncounted: ByteBuffer?
    /// Whether the next answer is the last.
    private var isRetiring: Bool
    /// Whether the client takes its answers.
    private var isWritable = true
    private var phaseDeadline: NIODeadline
    private var stallDeadline = NIODeadline.distantFuture

    /// - Parameter isRetiring: whether the first request is the last, because the server shuts down.
    init(limits: ServerLimits, isClientAllowed: Bool, isRetiring: Bool, now: NIODeadline) {
        self.isClientAllowed = isClientAllowed
        self.isRetiring = isRetiring
        idleTime = TimeAmount(limits.idleTimeout)
        requestTime = TimeAmount(limits.requestTimeout)
        reader = HTTP1RequestReader(headerLimit: limits.headerBytes, fieldLimit: ServerLimits.headerCount)
        request = RequestStateMachine(bodyLimit: limits.bodyBytes)
        // A connection opened during shutdown gets one second to send its request.
        phaseDeadline = now + (isRetiring ? min(idleTime, .seconds(1)) : idleTime)
    }

    /// When to call ``deadlinePassed(now:)``.
    var deadline: NIODeadline { min(phaseDeadline, stallDeadline) }

    /// Bytes of the current body that are counted as in flight.
    var reservedBytes: Int { request.reservedBytes }

    /// Whether more bytes of the connection may be read.
    var mayRead: Bool { isWritable && !isDeciding }

    var isDeciding: Bool {
        if case .deciding = state { true } else { false }
    }

    // MARK: Requests

    /// Tells the machine that bytes have arrived.
    mutating func received(_ bytes: ByteBuffer) {
        switch state {
        case .draining: return
        case .deciding where reader.bufferedBytes + bytes.readableBytes > Self.longestQueue:
            reader.discard()
            isRetiring = true
        case .idle, .head, .body, .deciding: reader.receive(bytes)
        }
    }

    /// The next action; nil if there is nothing to do until the next event.
    mutating func next(now: NIODeadline) -> Action? {
        while mayRead, state != .draining {
            let part: HTTP1RequestReader.Part?
            do throws(HTTP1RequestReader.Problem) {
                part = try reader.next()
            } catch {
                let rejection: HTTPRejection = error == .headersTooLarge ? .headersTooLarge : .malformed
                return .refuse(rejection, refuse(hasMore: true, now: now))
            }
            guard let part else {
                if state == .idle, reader.isInRequest { headBegan(now: now) }
                return nil
            }
            if let action = take(part, now: now) { return action }
        }
        return nil
    }

    private mutating func headBegan(now: NIODeadline) {
        state = .head
        phaseDeadline = now + requestTime
    }

    private mutating func take(_ part: HTTP1RequestReader.Part, now: NIODeadline) -> Action? {
        switch part {
        case .head(let head):
            if state == .idle { headBegan(now: now) }
            state = .body(Exchange(keepsAlive: head.keepsAlive, isHEAD: head.isHEAD))
            let action = request.receiveHead(head.request, isClientAllowed: isClientAllowed)
            guard head.request.body.isEmpty else { return follow(action, hasMore: true, now: now) }
            if case .refuse = action { return follow(action, hasMore: false, now: now) }
            return follow(request.receiveEnd(), hasMore: false, now: now)
        case .body(let bytes):
            let part = request.sift(bytes)
            uncounted = part
            return .reserve(part.readableBytes, request.endpoint)
        case .end: return follow(request.receiveEnd(), hasMore: false, now: now)
        }
    }

    /// Reports whether the bytes of ``Action/reserve(_:_:)`` are counted as in flight. If this returns nil,
    /// ``next(now:)`` has the next action.
    mutating func reserved(_ isReserved: Bool, now: NIODeadline) -> Action? {
        guard let part = uncounted else { return nil }
        uncounted = nil
        return follow(request.receiveBody(part, isReserved: isReserved), hasMore: true, now: now)
    }

    private mutating func follow(_ action: RequestStateMachine.Action, hasMore: Bool, now: NIODeadline) -> Action? {
        switch action {
        case .proceed: return nil
        case .sendContinue: return .sendContinue
        case .refuse(let rejection): return .refuse(rejection, refuse(hasMore: hasMore, now: now))
        case .review(let body):
            if case .body(let exchange) = state { state = .deciding(exchange) }
            phaseDeadline = .distantFuture
            return .review(body, request.endpoint)
        }
    }

    /// How the answer to a review is written; nil if nobody waits for it any more.
    ///
    /// - Parameter wasWaiting: whether there could be other events since ``Action/review(_:_:)``.
    mutating func answered(wasWaiting: Bool, now: NIODeadline) -> Answer? {
        guard case .deciding(let exchange) = state else { return nil }
        // What follows is invalid or too much, but this request still gets its answer.
        if wasWaiting, reader.isUnreadable || reader.bufferedBytes > Self.longestQueue { isRetiring = true }
        return answer(exchange, closes: isRetiring || !exchange.keepsAlive, now: now)
    }

    /// - Parameter hasMore: whether the client may still be sending the request, the rest of which is not read.
    private mutating func refuse(hasMore: Bool, now: NIODeadline) -> Answer {
        var exchange = Exchange(keepsAlive: true, isHEAD: false)
        if case .body(let begun) = state { exchange = begun }
        guard hasMore else { return answer(exchange, closes: isRetiring || !exchange.keepsAlive, now: now) }
        return answer(exchange, sequel: .drain, now: now)
    }

    private mutating func answer(_ exchange: Exchange, closes: Bool, now: NIODeadline) -> Answer {
        answer(exchange, sequel: closes ? .close : .next, now: now)
    }

    private mutating func answer(_ exchange: Exchange, sequel: Sequel, now: NIODeadline) -> Answer {
        let answer = Answer(
            sequel: sequel, hasBody: !exchange.isHEAD, released: request.reset(), endpoint: request.endpoint)
        switch sequel {
        case .next:
            state = .idle
            phaseDeadline = now + idleTime
        case .drain, .close: end(now: now)
        }
        return answer
    }

    private mutating func end(now: NIODeadline) {
        state = .draining
        reader.discard()
        phaseDeadline = now + Self.drainTime
    }

    // MARK: The connection

    /// Reports whether answers can be written.
    mutating func writabilityChanged(_ isWritable: Bool, now: NIODeadline) {
        self.isWritable = isWritable
        stallDeadline = isWritable ? .distantFuture : min(stallDeadline, now + requestTime)
    }

    /// Ends the connection with its next answer or, if it stays idle, at `grace`.
    mutating func retire(idleUntil grace: NIODeadline) {
        isRetiring = true
        // A request may be on its way, so an idle connection gets a moment more.
        if state == .idle { phaseDeadline = min(phaseDeadline, grace) }
    }

    /// ``deadline`` has passed.
    mutating func deadlinePassed(now: NIODeadline) -> Lateness {
        if stallDeadline <= now {
            (stallDeadline, phaseDeadline) = (.distantFuture, .distantFuture)
            state = .draining
            reader.discard()
            return .abort
        }
        switch state {
        case .idle:
            end(now: now)
            return isRetiring ? .close : .closeIdle
        case .head, .body: return .refuse(.requestTimeout, refuse(hasMore: true, now: now))
        case .deciding: return .none
        case .draining: return .close
        }
    }

    /// The connection is gone. Returns the bytes that it still had in flight.
    mutating func closed() -> (bytes: Int, endpoint: RequestStateMachine.Endpoint) {
        state = .draining
        reader.discard()
        return (request.reset(), request.endpoint)
    }
}

extension RequestHead.BodyLength {
    /// Whether the request ends with its head.
    fileprivate var isEmpty: Bool { self == .none || self == .bytes(0) }
}
