public import Addresses
import Glibc
import NIOCore
public import WebhookServer

/// Sockets that systemd opened before it started this process (sd_listen_fds(3)). They stay open while the service
/// restarts, so that new connections wait instead of being refused.
public struct SystemdSockets {
    /// One listening socket.
    struct Socket {
        var descriptor: CInt
        /// `FileDescriptorName=` of its unit, or the unit's name.
        var name: String
        var address: SocketAddress?
    }

    /// A socket that is not for this program, or cannot be used.
    public struct Problem: Error {
        /// What is wrong, for people.
        public let sentence: String
        /// What to do about it; nil if there is nothing to say.
        public var hint: String?
    }

    private static let firstDescriptor: CInt = 3
    private static let mostSockets = 16

    let sockets: [Socket]

    /// Takes over the sockets, and hides them from child processes.
    public static func take() -> SystemdSockets {
        defer { for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) } }
        guard variable("LISTEN_PID") == String(getpid()),
            let count = variable("LISTEN_FDS").flatMap({ CInt($0) }), count > 0
        else { return SystemdSockets(sockets: []) }
        let names = variable("LISTEN_FDNAMES")?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        let sockets = (0..<min(count, CInt(mostSockets))).map { index in
            let descriptor = firstDescriptor + index
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
            return Socket(
                descriptor: descriptor, name: Int(index) < names.count ? String(names[Int(index)]) : "",
                address: address(of: descriptor))
        }
        return SystemdSockets(sockets: sockets)
    }

    /// Assigns the sockets by name, `webhook` or `operations`, or by address. A single socket with another name is the
    /// webhook's.
    ///
    /// - Throws: ``Problem`` for a socket that cannot be assigned.
    public func assigned(listen: ListenAddress, operations: ListenAddress) throws(Problem) -> ListeningSockets {
        var assigned = ListeningSockets()
        for socket in sockets {
            guard let address = socket.address, Self.isListening(socket.descriptor) else {
                throw Problem(
                    sentence: "systemd has passed descriptor \(socket.descriptor), which is not a listening TCP socket",
                    hint: "use ListenStream= with an address and a port in the .socket unit, and Accept=no")
            }
            let isOperations =
                socket.name == "operations" || (socket.name != "webhook" && Self.same(address, operations))
            let isWebhook =
                socket.name == "webhook" || Self.same(address, listen) || (sockets.count == 1 && !isOperations)
            switch (isOperations, isWebhook) {
            case (true, _) where assigned.operations == nil: assigned.operations = socket.descriptor
            case (false, true) where assigned.webhook == nil: assigned.webhook = socket.descriptor
            default:
                throw Problem(
                    sentence: "systemd has passed a socket for \(Self.text(address)), which is neither server.listen"
                        + " nor server.operations",
                    hint: "say what it is for with FileDescriptorName=webhook or operations in its .socket unit")
            }
        }
        return assigned
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    private static func isListening(_ descriptor: CInt) -> Bool {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 1
    }

    /// Nil if this is not an IPv4 or IPv6 socket.
    private static func address(of descriptor: CInt) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            let status = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length)
            }
            guard status == 0 else { return nil }
            switch Int32(pointer.pointee.ss_family) {
            case AF_INET:
                return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
            case AF_INET6:
                return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
            default: return nil
            }
        }
    }

    private static func same(_ address: SocketAddress, _ listen: ListenAddress) -> Bool {
        guard let wanted = try? SocketAddress(ipAddress: listen.host, port: listen.port) else { return false }
        return address.ipAddress == wanted.ipAddress && address.port == wanted.port
    }

    private static func text(_ address: SocketAddress) -> String {
        "\(ListenAddress(host: address.ipAddress ?? "", port: address.port ?? 0))"
    }
}
