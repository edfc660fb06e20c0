public import Jansson
import OpenSSL
import SafeText
import Timestamps

extension CertificateReport {
    /// The object of `certs show --output json`.
    public var json: JSON {
        .object([
            ("path", .string(path)),
            ("ok", .bool(isGood)),
            ("certificates", .array(certificates.map(describe))),
            ("chain", .string(isAuthorityList ? "authorities" : isChainInOrder ? "inOrder" : "outOfOrder")),
            (
                "privateKey",
                key.map { .object([("path", .string($0.path)), ("fits", .bool($0.fits))]) } ?? .null
            ),
            ("faults", JSON(faults)),
            ("warnings", JSON(warnings)),
        ])
    }

    private func describe(_ certificate: Certificate) -> JSON {
        let status =
            certificate.notAfter < now ? "expired" : certificate.notBefore > now ? "notYetValid" : "valid"
        return .object([
            ("subject", .string(certificate.subject)),
            ("issuer", .string(certificate.issuer)),
            ("selfSigned", .bool(certificate.isSelfSigned)),
            ("serialNumber", .string(certificate.serialHex)),
            ("isCA", .bool(certificate.isCA)),
            ("key", .string(certificate.keyDescription)),
            ("dnsNames", JSON(certificate.dnsNames)),
            ("ipAddresses", JSON(certificate.ipAddresses)),
            ("uriNames", JSON(certificate.uriNames)),
            ("keyUsages", JSON(certificate.keyUsageNames)),
            ("extendedKeyUsages", JSON(certificate.extendedKeyUsageNames)),
            ("notBefore", .string(certificate.notBefore.rfc3339)),
            ("notAfter", .string(certificate.notAfter.rfc3339)),
            ("expiresInSeconds", .integer(certificate.notAfter.seconds(since: now))),
            ("status", .string(status)),
            ("sha256Fingerprint", .string(certificate.sha256Fingerprint.hex)),
        ])
    }

    /// The lines of `certs show`: at most 80 columns, unless a single word is wider.
    public var text: String {
        var lines = [PrintableText.whole(path)]
        for (index, certificate) in certificates.enumerated() {
            if certificates.count > 1 { lines.append("certificate \(index + 1) of \(certificates.count)") }
            lines += rows(certificate).flatMap { Self.row($0.0, $0.1) }
        }
        if certificates.count > 1 {
            let order =
                isAuthorityList
                ? "a list of CAs" : isChainInOrder ? "each is signed by the next" : "out of order"
            lines += Self.row("chain", order)
        }
        if let key {
            lines += Self.row("private key", "\(key.path) \(key.fits ? "fits" : "does not fit")")
        }
        lines += faults.flatMap { Self.row("WRONG", $0) }
        lines += warnings.flatMap { Self.row("warning", $0) }
        return PrintableText.page(lines)
    }

    private func rows(_ certificate: Certificate) -> [(String, String)] {
        let names =
            certificate.dnsNames.map { "DNS " + $0 } + certificate.ipAddresses.map { "IP " + $0 }
            + certificate.uriNames.map { "URI " + $0 }
        let usages = certificate.extendedKeyUsageNames + certificate.keyUsageNames
        return [
            ("subject", certificate.subject),
            ("issuer", certificate.isSelfSigned ? "itself" : certificate.issuer),
            ("kind", certificate.isCA ? "certificate authority" : "end entity"),
            ("key", certificate.keyDescription),
            ("names", names.isEmpty ? "none" : names.joined(separator: ", ")),
            ("usages", usages.isEmpty ? "any" : usages.joined(separator: ", ")),
            ("valid from", certificate.notBefore.rfc3339),
            (
                "valid until",
                "\(certificate.notAfter.rfc3339), "
                    + Self.remaining(certificate.notAfter.seconds(since: now))
            ),
            ("serial", certificate.serialHex),
            ("SHA-256", certificate.sha256Fingerprint.hex),
        ]
    }

    /// A label and its value, wrapped to 80 columns.
    private static func row(_ label: String, _ value: String) -> [String] {
        let indent = 14
        var lines: [String] = []
        var line = "  " + label + String(repeating: " ", count: max(1, indent - 2 - label.count))
        var isFresh = true
        for word in PrintableText.whole(value).split(separator: " ") {
            var rest = Substring(word)
            if !isFresh, line.count + 1 + rest.count > 80 {
                lines.append(line)
                line = String(repeating: " ", count: indent)
                isFresh = true
            }
            if !isFresh { line += " " }
            while line.count + rest.count > 80 {
                let part = rest.prefix(80 - line.count)
                lines.append(line + part)
                rest = rest.dropFirst(part.count)
                line = String(repeating: " ", count: indent)
            }
            line += rest
            isFresh = false
        }
        return lines + [line]
    }
}
