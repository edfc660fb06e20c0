import NIOCore
import Prometheus

/// The answers of the operations listener. None is secret, because everybody who reaches it may ask.
final class OperationsRoutes: Sendable {
    private let registry: PrometheusRegistry?
    private let readiness: [HealthCheck]
    /// The event loops that answer reviews, to check whether they still run.
    private let eventLoops: [any EventLoop]
    private let statusPage: (@Sendable (_ accept: String?, any EventLoop) -> EventLoopFuture<ServerResponse>)?
    /// Time that an event loop has for an answer.
    private let patience: TimeAmount

    init(
        registry: PrometheusRegistry?,
        readiness: [HealthCheck],
        eventLoops: [any EventLoop],
        patience: TimeAmount = .seconds(2),
        statusPage: (@Sendable (_ accept: String?, any EventLoop) -> EventLoopFuture<ServerResponse>)? = nil
    ) {
        self.registry = registry
        self.readiness = readiness
        self.eventLoops = eventLoops
        self.patience = patience
        self.statusPage = statusPage
    }

    func knows(_ path: String) -> Bool {
        switch path {
        case "/livez", "/readyz", "/healthz": true
        case "/metrics": registry != nil
        case "/statusz": statusPage != nil
        default: false
        }
    }

    /// Answers a GET; 404 for unknown paths.
    func answer(_ request: OperationsRequest, on eventLoop: any EventLoop) -> EventLoopFuture<ServerResponse> {
        if ["/metrics", "/statusz"].contains(request.path), !request.isForAddress {
            return eventLoop.makeSucceededFuture(
                .plain(403, "this page is asked for by an address or by localhost, not by another host name\n"))
        }
        switch request.path {
        case "/livez":
            return liveness(on: eventLoop).map { self.health("livez", $0, request) }
        case "/readyz":
            return eventLoop.makeSucceededFuture(health("readyz", readinessLines(), request))
        case "/healthz":
            return liveness(on: eventLoop).map { self.health("healthz", $0 + self.readinessLines(), request) }
        case "/metrics":
            let format = ExpositionFormat(accept: request.accept)
            let text = registry?.exposition(format) ?? ""
            return eventLoop.makeSucceededFuture(
                ServerResponse(status: 200, contentType: format.contentType, body: ByteBuffer(string: text)))
        default:
            return statusPage?(request.accept, eventLoop)
                ?? eventLoop.makeSucceededFuture(.plain(404, "not found\n"))
        }
    }

    private func health(
        _ endpoint: String, _ lines: [HealthReport.Line], _ request: OperationsRequest
    ) -> ServerResponse {
        let report = HealthReport(endpoint: endpoint, lines: lines)
        let (status, text) = report.response(excluded: request.excluded, isVerbose: request.isVerbose)
        return .plain(status, text)
    }

    private func readinessLines() -> [HealthReport.Line] {
        readiness.filter { $0.isShown() }.map(\.line)
    }

    /// The process is alive if every event loop still takes work, which an open socket alone does not show.
    private func liveness(on eventLoop: any EventLoop) -> EventLoopFuture<[HealthReport.Line]> {
        let answers = eventLoops.map { other in
            let promise = eventLoop.makePromise(of: Bool.self)
            let timeout = eventLoop.scheduleTask(in: patience) { promise.succeed(false) }
            other.execute { promise.succeed(true) }
            promise.futureResult.whenComplete { _ in timeout.cancel() }
            return promise.futureResult
        }
        return EventLoopFuture.whenAllSucceed(answers, on: eventLoop).map { answers in
            let silent = answers.count { !$0 }
            let failure = silent == 0 ? nil : "\(silent) of \(answers.count) event loops do not answer"
            return [HealthReport.Line(name: "event-loops", failure: failure)]
        }
    }
}

extension ServerResponse {
    static func plain(_ status: Int, _ text: String) -> ServerResponse {
        ServerResponse(
            status: status,
            contentType: "text/plain; charset=utf-8",
            headers: [noSniffing],
            body: ByteBuffer(string: text))
    }
}
