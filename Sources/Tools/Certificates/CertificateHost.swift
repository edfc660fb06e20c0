import Addresses
public import OpenSSL
import SafeText

/// A name in the server certificate.
public struct CertificateHost {
    /// The name in the form of the certificate.
    public let name: SubjectAlternativeName

    /// Nil unless the text is a DNS name or an IP address.
    public init?(_ text: String) {
        if IPAddress(text) != nil {
            name = .ip(text)
            return
        }
        let lowercased = text.lowercased()
        let labels = lowercased.split(separator: ".", omittingEmptySubsequences: false)
        guard lowercased.utf8.count <= 253, let last = labels.last else { return nil }
        for (index, label) in labels.enumerated() {
            if index == 0, label == "*", labels.count > 2 { continue }
            guard (1...63).contains(label.utf8.count), label.first != "-", label.last != "-",
                label.utf8.allSatisfy({ byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                })
            else { return nil }
        }
        // 10.0.0.256 is a mistyped address, not a name.
        guard !last.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        name = .dns(lowercased)
    }

    /// Whether a text can be a common name: X.509 allows 64 characters.
    public static func isCommonName(_ text: String) -> Bool {
        (1...64).contains(text.unicodeScalars.count)
            && PrintableText.firstInvisible(in: text) == nil
            && text.first != " " && text.last != " "
    }
}

extension SubjectAlternativeName {
    /// The name without its kind.
    public var text: String {
        switch self {
        case .dns(let name): name
        case .ip(let address): address
        }
    }
}
