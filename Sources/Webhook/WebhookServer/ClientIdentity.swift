import Addresses
import NIOCore
import OpenSSL
import Timestamps

/// The client of a connection: who it is, and whether it may send reviews.
struct ClientIdentity: Sendable {
    /// False if its certificate is valid but its name is not in `server.allowedClientNames`.
    let isAllowed: Bool
    /// The name in its certificate, for people.
    let name: String?
    let peer: SocketAddress?
    /// When its certificate expires, and the connection retires.
    let expiry: NIODeadline

    /// An allowed client of whom nothing is known.
    static let unknown = ClientIdentity(isAllowed: true, name: nil, peer: nil)

    init(isAllowed: Bool, name: String?, peer: SocketAddress?, expiry: NIODeadline = .distantFuture) {
        self.isAllowed = isAllowed
        self.name = name
        self.peer = peer
        self.expiry = expiry
    }

    /// - Parameters:
    ///   - now: the time of the handshake.
    ///   - time: the same time on the clock of certificates.
    init(
        _ certificate: Certificate?, at peer: SocketAddress?, allowed names: ClientNames, now: NIODeadline,
        time: Timestamp
    ) {
        self.init(
            isAllowed: names.isEmpty || certificate.map(names.allow) ?? false,
            name: certificate.flatMap(ClientIdentity.name), peer: peer,
            expiry: certificate.map { ClientIdentity.deadline(at: $0.notAfter, now: now, time: time) } ?? .distantFuture
        )
    }

    /// Longer times, in seconds, count as no end: nanoseconds have a limit, and certificates may be valid for longer.
    private static let longest: Int64 = 10 * 365 * 86_400

    private static func deadline(at end: Timestamp, now: NIODeadline, time: Timestamp) -> NIODeadline {
        let seconds = end.seconds(since: time)
        return seconds > longest ? .distantFuture : now + .seconds(max(0, seconds))
    }

    /// For the audit file: address, port, and the certificate's name.
    var description: String {
        let address = peer?.ipAddress.map { "\(ListenAddress(host: $0, port: peer?.port ?? 0))" }
        return [address, name].compactMap { $0 }.joined(separator: " ")
    }

    /// A certificate's name for people: at most 64 characters, the longest common name (RFC 5280 appendix A.1), without
    /// characters that reorder, hide or break lines. The log and JSON escape ASCII control characters themselves.
    static func name(of certificate: Certificate) -> String? {
        guard let name = certificate.commonName ?? certificate.dnsNames.first else { return nil }
        var short = String.UnicodeScalarView()
        for scalar in name.unicodeScalars {
            guard short.count < 64 else {
                short.append("…")
                break
            }
            short.append(isHarmless(scalar) ? scalar : "\u{FFFD}")
        }
        return String(short)
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control: scalar.isASCII
        case .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
