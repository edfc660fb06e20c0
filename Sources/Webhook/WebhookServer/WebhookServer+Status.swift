import NIOCore
import Prometheus
import Timestamps

extension WebhookServer {
    /// Answers `/statusz`; nil if the program passes no status.
    var statusPage: (@Sendable (_ accept: String?, any EventLoop) -> EventLoopFuture<ServerResponse>)? {
        guard let status else { return nil }
        return { [weak self] accept, eventLoop in
            guard let self else { return eventLoop.makeSucceededFuture(.plain(503, "shutting down\n")) }
            return self.loopReports(on: eventLoop).map { reports in
                let now = self.clock()
                let report = StatusReport(
                    info: status(), started: self.started, now: now, readiness: self.readinessLines,
                    openConnections: self.ledger.openConnections,
                    keyExchanges: reports.reduce(into: [:]) { $0.merge($1.keyExchanges, uniquingKeysWith: +) },
                    history: .merged(reports.map(\.history), now: now),
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
    private func loopReports(on eventLoop: any EventLoop) -> EventLoopFuture<[LoopReport]> {
        let answers = workers.map { worker in
            let promise = eventLoop.makePromise(of: LoopReport.self)
            let timeout = eventLoop.scheduleTask(in: .seconds(1)) { promise.succeed(LoopReport()) }
            worker.execute {
                promise.succeed(LoopReport(history: $0.engine.history, keyExchanges: $0.state.keyExchanges))
            }
            promise.futureResult.whenComplete { _ in timeout.cancel() }
            return promise.futureResult
        }
        return EventLoopFuture.whenAllSucceed(answers, on: eventLoop)
    }
}

/// What one event loop knows for the page.
private struct LoopReport: Sendable {
    var history = DecisionHistory()
    var keyExchanges: [String: Int] = [:]
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
