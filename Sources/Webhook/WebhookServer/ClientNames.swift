import OpenSSL

/// Whose certificates are accepted: `server.allowedClientNames`.
///
/// Names are compared byte by byte, because `==` treats some different names as equal.
struct ClientNames: Sendable, Equatable {
    private let names: Set<[UInt8]>
    private let lowercased: Set<[UInt8]>

    init(_ names: Set<String>) {
        self.names = Set(names.map { Array($0.utf8) })
        lowercased = Set(names.map { ClientNames.lowercased($0) })
    }

    /// Whether every certificate is accepted that the handshake accepted.
    var isEmpty: Bool { names.isEmpty }

    /// A common name is compared exactly, a DNS name without case (RFC 4343). Wildcards match nothing.
    func allow(_ certificate: Certificate) -> Bool {
        certificate.commonName.map { names.contains(Array($0.utf8)) } ?? false
            || certificate.dnsNames.contains { lowercased.contains(ClientNames.lowercased($0)) }
    }

    /// DNS names are ASCII, so only A–Z have a lower case here.
    private static func lowercased(_ name: String) -> [UInt8] {
        name.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }
}
