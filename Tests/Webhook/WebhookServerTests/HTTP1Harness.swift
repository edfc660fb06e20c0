import NIOCore
import NIOEmbedded
import NIOHTTP1
import Prometheus
import TestSupport

@testable import WebhookServer

/// An HTTP/1.1 connection without a socket, with a clock that moves only on request.
final class HTTP1Harness {
    let channel = EmbeddedChannel()
    let registry = PrometheusRegistry()
    let ledger: ConnectionLimiter
    let state: EventLoopContext
    let time = ManualClock()

    init(
        limits: ServerLimits = ServerLimits(),
        isClientAllowed: Bool = true,
        certificateLasts: TimeAmount? = nil,
        review: ((ByteBuffer) -> ReviewStep)? = nil
    ) throws {
        ledger = ConnectionLimiter(limits: limits)
        state = EventLoopContext(
            eventLoop: channel.eventLoop,
            limits: limits,
            ledger: ledger,
            metrics: ServerMetrics(factory: registry, version: "0"),
            reviewer: TestReviewer { body in
                review?(body)
                    ?? .answer(ServerResponse(status: 200, body: ByteBuffer(string: "<\(String(buffer: body))>")))
            },
            clock: { [time] in time.now })
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try ConnectionSetup.configure(
            channel, state: state, isHTTP2: false,
            caller: ClientIdentity(
                isAllowed: isClientAllowed, name: nil, peer: nil,
                expiry: certificateLasts.map { time.now + $0 } ?? .distantFuture))
    }

    func send(_ text: String) throws {
        guard channel.isActive else { return }
        try channel.writeInbound(ByteBuffer(string: text))
    }

    /// Everything written since the previous call.
    func received() throws -> String {
        var text = ""
        while let part = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: part) }
        return text
    }

    func pass(_ duration: Duration) {
        time.advance(by: TimeAmount(duration))
        state.tick()
        channel.embeddedEventLoop.run()
    }

    /// Statuses of all answers in a text.
    static func statuses(_ text: String) -> [Int] {
        text.components(separatedBy: "HTTP/1.1 ").dropFirst().compactMap { Int($0.prefix(3)) }
    }

    func count(_ cause: RejectionCause) -> Int64 { registry.rejected(cause) }
}

extension PrometheusRegistry {
    /// How often this was counted; -1 if it has no series.
    func rejected(_ cause: RejectionCause) -> Int64 {
        exposition(.prometheus).components(separatedBy: "\n")
            .first { $0.hasPrefix("kube_entra_requests_rejected_total{cause=\"\(cause.rawValue)\"}") }
            .flatMap { Int64($0.components(separatedBy: " ").last ?? "") } ?? -1
    }
}

/// Answers every body as a test wants it.
final class TestReviewer: RequestReviewer {
    private let answer: (ByteBuffer) -> ReviewStep

    init(answer: @escaping (ByteBuffer) -> ReviewStep) { self.answer = answer }

    func review(
        _ body: ByteBuffer, for endpoint: RequestStateMachine.Endpoint, from caller: ClientIdentity
    ) -> ReviewStep {
        answer(body)
    }
}

extension String {
    func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        parts.append(String(rest))
        return parts
    }
}
