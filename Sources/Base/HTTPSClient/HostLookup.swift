import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// Looks up host names outside of the event loops. Requests for the same name share one lookup.
///
/// A dead name server delays a lookup by half a minute. Without sharing, lookups would queue behind each other.
final class HostLookup: Sendable {
    static let shared = HostLookup()

    private static let threadCount = 4

    private let threads: NIOThreadPool
    private let underWay = NIOLockedValueBox<[String: [EventLoopPromise<[SocketAddress]>]]>([:])

    private init() {
        threads = NIOThreadPool(numberOfThreads: HostLookup.threadCount)
        threads.start()
    }

    /// At least one address of a name, in the system's order of preference. The future fails with an ``HTTPSError``.
    func addresses(of host: String, port: Int, on eventLoop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
        let promise = eventLoop.makePromise(of: [SocketAddress].self)
        let isFirst = underWay.withLockedValue { underWay in
            underWay[host, default: []].append(promise)
            return underWay[host]?.count == 1
        }
        if isFirst {
            threads.submit { _ in
                let result = Result { () throws(HTTPSError) in try HostLookup.lookUp(host) }
                let promises = self.underWay.withLockedValue { $0.removeValue(forKey: host) ?? [] }
                for promise in promises { promise.completeWith(result.mapError { $0 as any Error }) }
            }
        }
        return promise.futureResult.map { addresses in
            addresses.map { address in
                var address = address
                address.port = port
                return address
            }
        }
    }

    /// Blocks until the system's resolver has an answer.
    private static func lookUp(_ host: String) throws(HTTPSError) -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &first)
        // EAI_AGAIN means that no name server answered.
        guard code != EAI_AGAIN else { throw .nameServerFailed }
        guard code == 0 else { throw .nameNotFound }
        defer { freeaddrinfo(first) }
        var addresses: [SocketAddress] = []
        var next = first
        while let info = next?.pointee {
            if let address = info.ai_addr.flatMap({ HostLookup.address($0, family: info.ai_family) }),
                !addresses.contains(address)
            {
                addresses.append(address)
            }
            next = info.ai_next
        }
        guard !addresses.isEmpty else { throw .nameNotFound }
        return addresses
    }

    private static func address(_ pointer: UnsafeMutablePointer<sockaddr>, family: CInt) -> SocketAddress? {
        switch family {
        case AF_INET:
            pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
        case AF_INET6:
            pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
        default: nil
        }
    }
}

/// Passes known addresses to a bootstrap, which then tries them as in RFC 8305.
struct KnownAddresses: Resolver, Sendable {
    let addresses: [SocketAddress]
    let eventLoop: any EventLoop

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        eventLoop.makeSucceededFuture(addresses.filter { $0.protocol == .inet })
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        eventLoop.makeSucceededFuture(addresses.filter { $0.protocol == .inet6 })
    }

    func cancelQueries() {}
}
