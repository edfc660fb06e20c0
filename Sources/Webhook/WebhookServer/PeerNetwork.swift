import Addresses
import NIOCore
import OpenSSL

/// Whom connections are counted for: an IPv4 address, or the /64 that an IPv6 address is in, since whoever has one
/// address of it has all.
enum PeerNetwork: Hashable, Sendable {
    /// In network byte order.
    case v4([UInt8])
    case v6([UInt8])
    /// No IP at all.
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
        // A socket that listens on :: sees IPv4 addresses like this (RFC 4291 section 2.5.5.2).
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        self = bytes.starts(with: mapped) ? .v4(Array(bytes.dropFirst(12))) : .v6(Array(bytes.prefix(8)))
    }
}
