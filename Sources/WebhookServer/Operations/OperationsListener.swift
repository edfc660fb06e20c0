import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Accepts connections for operations, few at a time and on a thread of their own.
enum OperationsListener {
    static let maximumConnections = 64

    static func bootstrap(_ group: MultiThreadedEventLoopGroup, routes: OperationsRoutes) -> ServerBootstrap {
        let counter = Counter()
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard counter.open() else { throw ChannelError.ioOnClosedChannel }
                    channel.closeFuture.whenComplete { _ in counter.close() }
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

    private final class Counter: Sendable {
        private let count = Atomic<Int>(0)

        func open() -> Bool {
            guard count.wrappingAdd(1, ordering: .relaxed).newValue <= maximumConnections else {
                close()
                return false
            }
            return true
        }

        func close() {
            count.wrappingSubtract(1, ordering: .relaxed)
        }
    }
}
