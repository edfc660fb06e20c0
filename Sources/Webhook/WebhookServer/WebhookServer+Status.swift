import NIOCore
import Prometheus
import Timestamps

extension WebhookServer {
    /// Answers `/statusz`; nil if the program passes no status.
    var statusPage: (@Sendable (_ accept: String?, any EventLoop) -> EventLoopFuture<ServerResponse>)? {
        guard let status else { return nil }
        return { [weak self] accept, eventLoop in
            guard let self else { return eventLoop.makeSucceededFuture(.plain(503, "shutting down\n")) }
            return self.histories(on: eventLoop).map { histories in
                let now = self.clock()
                let report = StatusReport(
                    info: status(), started: self.started, now: now, readiness: self.readinessLines,
                    openConnections: self.ledger.openConnections, history: .merged(histories, now: now),
                    rejections: self.registry?.counts(of: MetricFamily.Name.rejected) ?? [])
                let offers = [
                    AcceptHeader.Offer(mediaType: "text/plain"), AcceptHeader.Offer(mediaType: "text/html"),
                ]
                return AcceptHeader(accept).best(of: offers) == 1 ? .html(report.html) : .plain(200, report.text)
            }
        }
    }

    /// The history of each event loop. One that does not answer is left out, because the page is read when something is
    /// wrong.
    private func histories(on eventLoop: any EventLoop) -> EventLoopFuture<[DecisionHistory]> {
        let answers = workers.map { worker in
            let promise = eventLoop.makePromise(of: DecisionHistory.self)
            let timeout = eventLoop.scheduleTask(in: .seconds(1)) { promise.succeed(DecisionHistory()) }
            worker.execute { promise.succeed($0.engine.history) }
            promise.futureResult.whenComplete { _ in timeout.cancel() }
            return promise.futureResult
        }
        return EventLoopFuture.whenAllSucceed(answers, on: eventLoop)
    }
}

extension ServerResponse {
    /// A page that may neither load nor run anything.
    fileprivate static func html(_ page: String) -> ServerResponse {
        ServerResponse(
            status: 200,
            contentType: "text/html; charset=utf-8",
            headers: [
                Header(
                    name: "content-security-policy",
                    value: "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'"),
                noSniffing,
                Header(name: "cache-control", value: "no-store"),
            ],
            body: ByteBuffer(string: page))
    }
}
