import Addresses
import NIOCore
import OpenSSL

/// For whom connections are counted: an IPv4 address, or the /64 of an IPv6 address, because a host usually has all
/// addresses of one.
enum PeerNetwork: Hashable, Sendable {
    /// The four bytes of an IPv4 address, in network byte order.
    case v4([UInt8])
    case v6([UInt8])
    /// A peer without an IP address, such as a UNIX socket.
    case other

    init(_ address: SocketAddress?) {
        let bytes = address?.ipAddress.flatMap { IPAddress($0)?.bytes } ?? []
        switch bytes.count {
        case 4: self = .v4(bytes)
        case 16: self.init(v6: bytes)
        default: self = .other
        }
    }

    init(v6 bytes: [UInt8]) {
        // Sockets that listen on :: see IPv4 addresses in this form (RFC 4291 section 2.5.5.2).
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        self = bytes.starts(with: mapped) ? .v4(Array(bytes.dropFirst(12))) : .v6(Array(bytes.prefix(8)))
    }
}
