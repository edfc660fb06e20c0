import DequeModule
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// Accepts connections for operations, only a few at a time and on its own thread.
enum OperationsListener {
    static let maximumConnections = 64

    static func bootstrap(
        _ group: MultiThreadedEventLoopGroup, routes: OperationsRoutes, sharesPorts: Bool
    ) -> ServerBootstrap {
        let open = OpenConnections(maximum: maximumConnections)
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .sharingPorts(sharesPorts)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    open.add(channel)
                    var limits = NIOHTTPDecoderLimitConfiguration()
                    limits.maxHeaderFieldSize = OperationsConnection.headerBytes
                    limits.maxHeaderListSize = OperationsConnection.headerBytes
                    limits.maxHeaderFieldCount = 50
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(
                        ByteToMessageHandler(
                            HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
                    try pipeline.addHandler(OperationsConnection(routes: routes))
                }
            }
    }

    /// Open connections in their order of arrival. One too many closes the oldest, so that nobody can keep probes out
    /// by holding connections.
    private final class OpenConnections: Sendable {
        private let maximum: Int
        private let channels = NIOLockedValueBox<Deque<any Channel>>([])

        init(maximum: Int) {
            self.maximum = maximum
        }

        func add(_ channel: any Channel) {
            let oldest = channels.withLockedValue { channels in
                channels.append(channel)
                return channels.count > maximum ? channels.popFirst() : nil
            }
            oldest?.close(promise: nil)
            channel.closeFuture.whenComplete { _ in
                self.channels.withLockedValue { $0.removeAll { $0 === channel } }
            }
        }
    }
}
