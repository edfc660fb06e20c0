import OpenSSL

/// Whose certificates may ask: `server.allowedClientNames`.
///
/// Compared byte by byte: to `==` some characters are the same as others.
struct ClientNames: Sendable, Equatable {
    private let names: Set<[UInt8]>
    private let lowercased: Set<[UInt8]>

    init(_ names: Set<String>) {
        self.names = Set(names.map { Array($0.utf8) })
        lowercased = Set(names.map { ClientNames.lowercased($0) })
    }

    /// Every certificate that the handshake took.
    var isEmpty: Bool { names.isEmpty }

    /// A common name is compared as it is, a DNS name without case (RFC 4343). Wildcards name nobody.
    func allow(_ certificate: Certificate) -> Bool {
        certificate.commonName.map { names.contains(Array($0.utf8)) } ?? false
            || certificate.dnsNames.contains { lowercased.contains(ClientNames.lowercased($0)) }
    }

    /// DNS names are ASCII; letters beyond it have no case here.
    private static func lowercased(_ name: String) -> [UInt8] {
        name.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }
}
