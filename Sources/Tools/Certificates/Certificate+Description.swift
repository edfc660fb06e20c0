import OpenSSL

extension Certificate {
    /// Whether clients would accept it as a server certificate.
    var mayServe: Bool { !isCA && (extendedKeyUsages?.contains(.serverAuth) ?? true) }

    var isSelfSigned: Bool { isSigned(by: self) }

    var keyUsageNames: [String] {
        guard let keyUsage else { return [] }
        let names: [(KeyUsage, String)] = [
            (.digitalSignature, "digitalSignature"), (.nonRepudiation, "nonRepudiation"),
            (.keyEncipherment, "keyEncipherment"), (.dataEncipherment, "dataEncipherment"),
            (.keyAgreement, "keyAgreement"), (.keyCertificateSigning, "keyCertSign"), (.crlSigning, "cRLSign"),
        ]
        return names.filter { keyUsage.contains($0.0) }.map(\.1)
    }

    var extendedKeyUsageNames: [String] {
        guard let extendedKeyUsages else { return [] }
        let names: [(ExtendedKeyUsage, String)] = [
            (.serverAuth, "serverAuth"), (.clientAuth, "clientAuth"), (.other, "other"),
        ]
        return names.filter { extendedKeyUsages.contains($0.0) }.map(\.1)
    }

    var keyDescription: String {
        guard let key = try? publicKey else { return "unknown" }
        switch key.kind {
        case .rsa: return "RSA \(key.bits)"
        case .p256: return "EC P-256"
        default: return "other, \(key.bits) bits"
        }
    }
}
