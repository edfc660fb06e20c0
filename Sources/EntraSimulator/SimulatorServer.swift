internal import EntraTokens
internal import Jansson
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1
internal import NIOOpenSSL
internal import NIOPosix
public import OpenSSL

/// How a simulated Entra misbehaves.
public enum SimulatedFault: Hashable, Sendable {
    case status(Int)
    case emptyKeySet
    case html
    case truncated
    case redirect(to: String)
    case wrongIssuer
    case foreignKeyAddress
    /// The connection is closed without an answer.
    case hangUp
    /// No answer at all.
    case silence
}

/// A local Entra over HTTPS: discovery and key sets of its tenants.
public final class SimulatorServer: Sendable {
    private struct State {
        var tenants: [SimulatedTenant] = []
        var fault: SimulatedFault?
        var requests: [String: Int] = [:]
        var channel: (any Channel)?
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let context: TLSContext
    private let state = NIOLockedValueBox(State())

    /// - Parameter context: of a server certificate for the host that the authority names.
    public init(context: TLSContext) {
        self.context = context
    }

    /// Listens on a free loopback port and returns it.
    public func start() async throws -> Int {
        let context = context
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(TLSHandler.server(context: context))
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(SimulatorHandler(server: self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        state.withLockedValue { $0.channel = channel }
        return channel.localAddress?.port ?? 0
    }

    public func add(_ tenant: SimulatedTenant) {
        state.withLockedValue { $0.tenants.append(tenant) }
    }

    /// From now on every answer has that fault; nil ends it.
    public func setFault(_ fault: SimulatedFault?) {
        state.withLockedValue { $0.fault = fault }
    }

    /// How often that path was asked for.
    public func requestCount(path: String) -> Int {
        state.withLockedValue { $0.requests[path] ?? 0 }
    }

    public func stop() async {
        let channel = state.withLockedValue { $0.channel }
        try? await channel?.close()
        try? await group.shutdownGracefully()
    }

    struct Answer {
        var status = HTTPResponseStatus.ok
        var type = "application/json"
        var location: String?
        var body: [UInt8]
        var isTruncated = false
    }

    /// Nil to say nothing.
    func answer(path: String) -> Answer? {
        let (tenants, fault) = state.withLockedValue { state in
            state.requests[path, default: 0] += 1
            return (state.tenants, state.fault)
        }
        let parts = path.split(separator: "/").map(String.init)
        guard let id = parts.first.flatMap(GUID.init), let tenant = tenants.first(where: { $0.tenantID == id }) else {
            return Answer(status: .badRequest, body: JSON.object([("error", "invalid_tenant")]).render())
        }
        let rest = parts.dropFirst().joined(separator: "/")
        var document: JSON
        switch rest {
        case ".well-known/openid-configuration": document = tenant.metadata(.v1)
        case "v2.0/.well-known/openid-configuration": document = tenant.metadata(.v2)
        case "discovery/keys": document = tenant.keySet(.v1)
        case "discovery/v2.0/keys": document = tenant.keySet(.v2)
        default: return Answer(status: .notFound, body: JSON.object([("error", "not_found")]).render())
        }
        switch fault {
        case nil, .hangUp: break
        case .silence: return nil
        case .status(let code): return Answer(status: HTTPResponseStatus(statusCode: code), body: [])
        case .html: return Answer(type: "text/html", body: Array("<html>Bad gateway</html>".utf8))
        case .truncated: return Answer(body: document.render(), isTruncated: true)
        case .redirect(let address): return Answer(status: .found, location: address, body: [])
        case .emptyKeySet where rest.hasSuffix("keys"): document = .object([("keys", .array([]))])
        case .wrongIssuer where rest.hasSuffix("configuration"):
            document = SimulatorServer.changing(document, "issuer", "https://evil.example/")
        case .foreignKeyAddress where rest.hasSuffix("configuration"):
            document = SimulatorServer.changing(document, "jwks_uri", "https://evil.example/keys")
        default: break
        }
        return Answer(body: document.render())
    }

    var hangsUp: Bool { state.withLockedValue { $0.fault == .hangUp } }

    private static func changing(_ document: JSON, _ name: String, _ value: JSON) -> JSON {
        guard case .object(let members) = document else { return document }
        return .object(members.map { $0.0 == name ? ($0.0, value) : $0 })
    }
}

/// Answers one request after the other.
private final class SimulatorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: SimulatorServer
    private var path = ""

    init(server: SimulatorServer) {
        self.server = server
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            path = String(head.uri.prefix { $0 != "?" })
        case .body: break
        case .end: answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        guard !server.hangsUp else { return context.close(promise: nil) }
        guard let answer = server.answer(path: path) else { return }
        var head = HTTPResponseHead(version: .http1_1, status: answer.status)
        head.headers.add(name: "Content-Type", value: answer.type)
        let length = answer.body.count + (answer.isTruncated ? 100 : 0)
        head.headers.add(name: "Content-Length", value: "\(length)")
        if let location = answer.location { head.headers.add(name: "Location", value: location) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        if answer.isTruncated {
            context.flush()
            context.close(promise: nil)
        } else {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
