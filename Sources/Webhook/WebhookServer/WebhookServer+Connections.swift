import Addresses
import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// Listening sockets from the process that started this one; they are closed with the server.
public struct ListeningSockets: Sendable, Hashable {
    /// Descriptor for the TokenReview endpoint; nil to open one.
    public var webhook: CInt?
    /// Descriptor for the operations listener; nil to open one.
    public var operations: CInt?

    /// Sockets by their descriptors.
    public init(webhook: CInt? = nil, operations: CInt? = nil) {
        self.webhook = webhook
        self.operations = operations
    }
}

extension WebhookServer {
    func bootstrap(sharesPorts: Bool) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .sharingPorts(sharesPorts)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.accept(channel) }
            }
    }

    private func accept(_ channel: any Channel) throws {
        guard let index = workerIndexes[ObjectIdentifier(channel.eventLoop)] else { throw ChannelError.eof }
        let state = workers[index].value.value.state
        let peer = PeerNetwork(channel.remoteAddress)
        if let cause = ledger.withPlaces({ $0.refusal(from: peer) }) {
            metrics.recordRejected(cause)
            throw ChannelError.ioOnClosedChannel
        }
        let account = ConnectionAccount(channel, from: peer, ledger: ledger, metrics: metrics)
        guard admission.withLockedValue({ $0.tls }) != nil else {
            if let cause = account.establish() {
                metrics.recordRejected(cause)
                throw ChannelError.ioOnClosedChannel
            }
            return try ConnectionSetup.configure(
                channel, state: state, isHTTP2: options.assumesHTTP2,
                caller: ClientIdentity(isAllowed: true, name: nil, peer: channel.remoteAddress), account: account)
        }
        let setup = ConnectionSetup(state: state, account: account) { [admission] in admission.withLockedValue { $0 } }
        try channel.pipeline.syncOperations.addHandler(setup)
    }
}

extension ServerBootstrap {
    func sharingPorts(_ shares: Bool) -> ServerBootstrap {
        let bootstrap = serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        guard shares else { return bootstrap }
        return bootstrap.serverChannelOption(.socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)), value: 1)
    }

    func listen(_ socket: CInt?, or address: ListenAddress) async throws -> any Channel {
        if let socket { return try await withBoundSocket(socket).get() }
        return try await bind(to: address.socketAddress()).get()
    }
}

extension ListenAddress {
    /// An IP address is used as it is. Only names are looked up.
    func socketAddress() throws -> SocketAddress {
        if let address = try? SocketAddress(ipAddress: host, port: port) { return address }
        return try SocketAddress.makeAddressResolvingHost(host, port: port)
    }
}
