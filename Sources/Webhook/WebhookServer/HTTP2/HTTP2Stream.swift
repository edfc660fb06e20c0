import NIOCore
import NIOHPACK
import NIOHTTP2

/// One request on an HTTP/2 stream.
final class HTTP2Stream: ManagedConnection {
    let id: HTTP2StreamID
    private let connection: HTTP2Connection
    private let state: EventLoopContext
    private let caller: ClientIdentity
    private var machine: RequestStateMachine
    private var progress = HTTP2StreamState.opened
    private(set) var deadline: NIODeadline

    init(_ id: HTTP2StreamID, connection: HTTP2Connection, state: EventLoopContext, caller: ClientIdentity) {
        self.id = id
        self.connection = connection
        self.state = state
        self.caller = caller
        machine = RequestStateMachine(bodyLimit: state.limits.bodyBytes)
        deadline = state.deadline(after: state.limits.requestTimeout)
    }

    /// Whether the client may send more.
    var expectsMore: Bool { progress.expectsMore }

    /// The stream is one too many. Nothing of it was processed, so the client may send it again (RFC 9113 section 8.7).
    func refuse() {
        _ = progress.answer()
        state.metrics.recordRejected(.streamLimit)
        connection.write(.rstStream(.refusedStream), on: id)
        connection.flush()
    }

    func receive(_ headers: HPACKHeaders, isEnd: Bool) {
        let kind = progress.receiveHeaders(isHead: headers.first(name: ":method") == "HEAD", isEnd: isEnd)
        guard kind != .unneeded else { return }
        connection.received(usefulBytes: headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count })
        if kind == .head {
            receiveHead(headers, isEnd: isEnd)
        } else if isEnd {
            perform(machine.receiveEnd())
        }
    }

    func receive(_ bytes: ByteBuffer, isEnd: Bool) {
        connection.received(usefulBytes: bytes.readableBytes)
        guard progress.receiveBody(isEnd: isEnd) else { return }
        let part = machine.sift(bytes)
        let isReserved = state.ledger.reserve(
            bytes: part.readableBytes, for: machine.endpoint, after: machine.reservedBytes)
        perform(machine.receiveBody(part, isReserved: isReserved))
        if isEnd, progress.isReceiving { perform(machine.receiveEnd()) }
    }

    private func receiveHead(_ headers: HPACKHeaders, isEnd: Bool) {
        guard headers.count <= ServerLimits.headerCount else { return refuse(.headersTooLarge) }
        guard let summary = RequestHead(headers, isEnd: isEnd) else {
            return refuse(.malformed)
        }
        perform(machine.receiveHead(summary, isClientAllowed: caller.isAllowed))
        if isEnd, progress.isReceiving { perform(machine.receiveEnd()) }
    }

    private func perform(_ action: RequestStateMachine.Action) {
        switch action {
        case .proceed: return
        case .sendContinue:
            connection.write(.headers(.init(headers: [":status": "100"])), on: id)
            connection.flush()
        case .refuse(let refusal): refuse(refusal)
        case .review(let body):
            guard connection.account?.serve(machine.endpoint) ?? true else {
                refuse(.connectionLimit)
                return connection.quiesce()
            }
            switch state.reviewer.review(body, for: machine.endpoint, from: caller) {
            case .answer(let response): answer(response)
            case .later(let future): wait(for: future)
            }
        }
    }

    private func wait(for future: EventLoopFuture<ServerResponse>) {
        progress.decide()
        deadline = .distantFuture
        future.assumeIsolated().whenSuccess { response in
            guard case .deciding = self.progress else { return }
            self.answer(response)
        }
    }

    private func refuse(_ refusal: HTTPRejection) {
        state.metrics.recordRejected(refusal.cause)
        state.rejections?.record(refusal, from: caller)
        answer(ServerResponse(refusal, to: caller))
    }

    private func answer(_ response: ServerResponse) {
        let request = progress.answer()
        // A request that timed out has no more bytes on their way, and must not reset the flood guard.
        if deadline > state.now { connection.requestAnswered(isWhole: request.hasEnded) }
        // Time for the client to read the answer.
        deadline = state.deadline(after: state.limits.requestTimeout)
        state.ledger.release(bytes: machine.reset(), for: machine.endpoint)
        var headers = HPACKHeaders()
        headers.reserveCapacity(4 + response.headers.count)
        headers.add(name: ":status", value: String(response.status))
        headers.add(name: "content-type", value: response.contentType)
        headers.add(name: "content-length", value: String(response.body.readableBytes))
        headers.add(name: "date", value: state.httpDate)
        for header in response.headers { headers.add(name: header.name, value: header.value) }
        let last: HTTP2Frame.FramePayload
        if request.isHead {
            // An answer to HEAD has no body (RFC 9110 section 9.3.2).
            last = .headers(.init(headers: headers, endStream: true))
        } else {
            connection.write(.headers(.init(headers: headers)), on: id)
            last = .data(.init(data: .byteBuffer(response.body), endStream: true))
        }
        if request.hasEnded {
            connection.write(last, on: id)
        } else {
            // The rest of an unfinished request is not needed (RFC 9113 section 8.1). If RST_STREAM were sent before
            // the answer, the answer would be lost.
            let written = state.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenSuccess {
                if case .closed = self.progress { return }
                self.connection.write(.rstStream(.noError), on: self.id)
                self.connection.flush()
            }
            connection.write(last, on: id, promise: written)
        }
        connection.flush()
    }

    /// Called once, when the stream is closed for any reason.
    func closed() {
        progress = .closed
        state.ledger.release(bytes: machine.reset(), for: machine.endpoint)
    }

    // MARK: ManagedConnection

    func deadlinePassed() {
        switch progress {
        case .opened, .receiving: refuse(.requestTimeout)
        case .deciding, .closed: return
        case .answered:
            deadline = .distantFuture
            state.metrics.recordRejected(.answerTimeout)
            connection.write(.rstStream(.cancel), on: id)
            connection.flush()
        }
    }

    // The connection sends GOAWAY; open streams continue.
    func quiesce() {}
}
