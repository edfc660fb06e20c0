import OpenSSL

/// Whose certificates may ask: `server.allowedClientNames`.
struct ClientNames: Sendable, Equatable {
    private let names: Set<String>
    private let lowercased: Set<String>

    init(_ names: Set<String>) {
        self.names = names
        lowercased = Set(names.map { $0.lowercased() })
    }

    /// Every certificate that the handshake took.
    var isEmpty: Bool { names.isEmpty }

    /// A common name is compared as it is, a DNS name without case (RFC 4343). Wildcards name nobody.
    func allow(_ certificate: Certificate) -> Bool {
        certificate.commonName.map(names.contains) ?? false
            || certificate.dnsNames.contains { lowercased.contains($0.lowercased()) }
    }
}
