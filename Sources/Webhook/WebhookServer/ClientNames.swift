import OpenSSL
import SafeText

/// Whose certificates are accepted: `server.allowedClientNames`.
struct ClientNames: Sendable, Equatable {
    private let names: Set<ExactText>
    private let lowercased: Set<ExactText>

    init(_ names: Set<ExactText>) {
        self.names = names
        lowercased = Set(names.map { ClientNames.lowercased($0.text) })
    }

    /// Whether every certificate is accepted that the handshake accepted.
    var isEmpty: Bool { names.isEmpty }

    /// A common name is compared exactly, a DNS name without case (RFC 4343). Wildcards match nothing.
    func allow(_ certificate: Certificate) -> Bool {
        certificate.commonName.map { names.contains(ExactText($0)) } ?? false
            || certificate.dnsNames.contains { lowercased.contains(ClientNames.lowercased($0)) }
    }

    /// DNS names are ASCII, so only A–Z have a lower case here.
    private static func lowercased(_ name: String) -> ExactText {
        let bytes = name.utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        return ExactText(String(decoding: bytes, as: UTF8.self))
    }
}
