import Entra
import Jansson
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOOpenSSL
import NIOPosix
public import OpenSSL

/// A local Entra over HTTPS: discovery and key sets of its tenants, and Microsoft Graph if it has a directory.
public final class SimulatorServer: Sendable {
    private struct State {
        var tenants: [SimulatedTenant] = []
        var directory: SimulatedDirectory?
        var fault: SimulatedFault?
        var channel: (any Channel)?
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let context: TLSContext
    private let state = NIOLockedValueBox(State())

    /// - Parameter context: a server certificate for the host in the authority.
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

    /// Adds a tenant; its URLs answer from now on.
    public func add(_ tenant: SimulatedTenant) {
        state.withLockedValue { $0.tenants.append(tenant) }
    }

    /// Serves a Microsoft Graph at the same address from now on.
    public func setDirectory(_ directory: SimulatedDirectory) {
        state.withLockedValue { $0.directory = directory }
    }

    /// Every answer has that fault from now on; nil ends it.
    public func setFault(_ fault: SimulatedFault?) {
        state.withLockedValue { $0.fault = fault }
    }

    /// Closes the listener and ends its threads.
    public func stop() async {
        let channel = state.withLockedValue { $0.channel }
        try? await channel?.close()
        try? await group.shutdownGracefully()
    }

    /// The answer to a request; nil to send nothing.
    func answer(_ request: SimulatedRequest) -> SimulatedAnswer? {
        let (tenants, directory, fault) = state.withLockedValue { ($0.tenants, $0.directory, $0.fault) }
        switch fault {
        case .silence: return nil
        case .status(let code): return SimulatedAnswer(status: HTTPResponseStatus(statusCode: code))
        case .html: return SimulatedAnswer(type: "text/html", body: Array("<html>Bad gateway</html>".utf8))
        case .redirect(let address): return SimulatedAnswer(status: .found, location: address)
        default: break
        }
        let parts = request.path.split(separator: "/").map(String.init)
        if parts.first == "v1.0" {
            return directory?.answer(request, parts: parts) ?? .notFound
        }
        guard let id = parts.first.flatMap(GUID.init), let tenant = tenants.first(where: { $0.tenantID == id }) else {
            return .refusal(.badRequest, "invalid_tenant")
        }
        let rest = parts.dropFirst().joined(separator: "/")
        if rest == "oauth2/v2.0/token" {
            return directory?.token(request) ?? .refusal(.badRequest, "unauthorized_client")
        }
        guard let document = tenant.document(rest) else { return .refusal(.notFound, "not_found") }
        return SimulatorServer.spoiled(document, rest, by: fault)
    }

    /// A tenant's document, changed by a fault.
    private static func spoiled(_ document: JSON, _ rest: String, by fault: SimulatedFault?) -> SimulatedAnswer {
        switch fault {
        case .truncated: SimulatedAnswer(body: document.render(), isTruncated: true)
        case .emptyKeySet where rest.hasSuffix("keys"):
            SimulatedAnswer(body: JSON.object([("keys", .array([]))]).render())
        case .wrongIssuer where rest.hasSuffix("configuration"):
            SimulatedAnswer(body: changing(document, "issuer", "https://evil.example/").render())
        case .foreignKeyAddress where rest.hasSuffix("configuration"):
            SimulatedAnswer(body: changing(document, "jwks_uri", "https://evil.example/keys").render())
        default: SimulatedAnswer(body: document.render())
        }
    }

    var hangsUp: Bool { state.withLockedValue { $0.fault == .hangUp } }

    private static func changing(_ document: JSON, _ name: String, _ value: JSON) -> JSON {
        guard case .object(let members) = document else { return document }
        return .object(members.map { $0.0 == name ? ($0.0, value) : $0 })
    }
}

extension SimulatedAnswer {
    /// Graph's answer for an unknown object.
    static var notFound: SimulatedAnswer {
        SimulatedAnswer(
            status: .notFound,
            body: JSON.object([("error", .object([("code", "Request_ResourceNotFound")]))]).render())
    }

    static func refusal(_ status: HTTPResponseStatus, _ code: String) -> SimulatedAnswer {
        SimulatedAnswer(status: status, body: JSON.object([("error", .string(code))]).render())
    }
}
