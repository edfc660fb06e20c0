import Addresses
import COpenSSL

extension Certificate {
    /// The subject in one line (RFC 2253 order and escapes, UTF-8), for people.
    public var subject: String { Self.oneLine(X509_get_subject_name(handle)) }

    /// The issuer in one line (RFC 2253 order and escapes, UTF-8), for people.
    public var issuer: String { Self.oneLine(X509_get_issuer_name(handle)) }

    /// The last common name of the subject, which is the most specific one.
    public var commonName: String? {
        guard let name = X509_get_subject_name(handle) else { return nil }
        var last: CInt = -1
        while true {
            let next = X509_NAME_get_index_by_NID(name, NID_commonName, last)
            if next < 0 { break }
            last = next
        }
        guard last >= 0, let value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)) else { return nil }
        var utf8: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&utf8, value)
        guard count >= 0, let utf8 else { return nil }
        defer { COpenSSL_OPENSSL_free(utf8) }
        return String(validating: UnsafeBufferPointer(start: utf8, count: Int(count)), as: UTF8.self)
    }

    /// The DNS names of subjectAltName (RFC 5280 section 4.2.1.6).
    public var dnsNames: [String] { alternativeNames(GEN_DNS).compactMap(Self.ascii) }

    /// The URIs of subjectAltName.
    public var uriNames: [String] { alternativeNames(GEN_URI).compactMap(Self.ascii) }

    /// The IP addresses of subjectAltName, as text.
    public var ipAddresses: [String] { alternativeNames(GEN_IPADD).compactMap { IPAddress(bytes: $0)?.description } }

    /// Reads an IA5String. One with a NUL or a byte above 127 could be mistaken for another name and is ignored.
    private static func ascii(_ bytes: [UInt8]) -> String? {
        guard bytes.allSatisfy({ $0 > 0 && $0 < 128 }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private func alternativeNames(_ wanted: GENERAL_NAME_type) -> [[UInt8]] {
        guard let raw = X509_get_ext_d2i(handle, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(names) }
        return (0..<max(0, OPENSSL_sk_num(names))).compactMap { index -> [UInt8]? in
            var type: CInt = 0
            let name = OPENSSL_sk_value(names, index)?.assumingMemoryBound(to: GENERAL_NAME.self)
            guard let value = GENERAL_NAME_get0_value(name, &type), type == wanted else { return nil }
            let string = UnsafePointer(value.assumingMemoryBound(to: ASN1_STRING.self))
            return [UInt8](
                UnsafeRawBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string))))
        }
    }

    private static func oneLine(_ name: OpaquePointer?) -> String {
        // UTF-8 stays readable; control and special characters stay escaped.
        let flags = COpenSSL_XN_FLAG_RFC2253() & ~COpenSSL_ASN1_STRFLGS_ESC_MSB()
        let text = try? collectingBIO("print a name") { X509_NAME_print_ex($0, name, 0, flags) >= 0 }
        return String(decoding: text ?? [], as: UTF8.self)
    }
}

/// The type as which `GEN_DNS` and similar macros are imported.
private typealias GENERAL_NAME_type = CInt
