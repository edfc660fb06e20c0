import Addresses
import COpenSSL
import Timestamps

/// A certificate that is still being built and not yet signed.
struct CertificateDraft: ~Copyable {
    let handle: OpaquePointer

    private var operation: String { "issue a certificate" }

    init() throws(OpenSSLError) {
        handle = try make("issue a certificate") { X509_new() }
    }

    deinit { X509_free(handle) }

    /// Signs the draft and returns the certificate.
    consuming func signed(with key: PrivateKey) throws(OpenSSLError) -> Certificate {
        ERR_clear_error()
        guard X509_sign(handle, key.key.handle, DigestMethod.sha256.handle) > 0 else { throw .drained(operation) }
        X509_up_ref(handle)
        return Certificate(takingOwnership: handle)
    }

    /// A positive number of at most 127 bits, which needs 16 bytes in DER and no sign byte (RFC 5280 section 4.1.2.2).
    func setVersionAndSerialNumber() throws(OpenSSLError) {
        // Version 3, counted from 0; only version 3 has extensions.
        try check(operation) { X509_set_version(handle, 2) }
        let number = try make(operation) { BN_new() }
        defer { BN_free(number) }
        try check(operation) { BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) }
        ERR_clear_error()
        guard BN_to_ASN1_INTEGER(number, X509_get_serialNumber(handle)) != nil else { throw .drained(operation) }
    }

    func setSubject(_ subject: CertificateName) throws(OpenSSLError) {
        let name = try make(operation) { X509_NAME_new() }
        defer { X509_NAME_free(name) }
        // As Kubernetes and RFC 4514 do: the organization before the common name.
        if let organization = subject.organization { try add(organization, NID_organizationName, to: name) }
        try add(subject.commonName, NID_commonName, to: name)
        try check(operation) { X509_set_subject_name(handle, name) }
    }

    private func add(_ value: String, _ attribute: CInt, to name: OpaquePointer) throws(OpenSSLError) {
        let bytes = Array(value.utf8)
        try check(operation) {
            X509_NAME_add_entry_by_NID(name, attribute, MBSTRING_UTF8, bytes, CInt(clamping: bytes.count), -1, 0)
        }
    }

    /// - Parameter issuer: nil if the draft is its own issuer.
    func setIssuer(_ issuer: Certificate?) throws(OpenSSLError) {
        try check(operation) { X509_set_issuer_name(handle, X509_get_subject_name(issuer?.handle ?? handle)) }
    }

    func setPublicKey(_ key: PublicKey) throws(OpenSSLError) {
        try check(operation) { X509_set_pubkey(handle, key.key.handle) }
    }

    func setValidity(_ notBefore: Timestamp, _ notAfter: Timestamp) throws(OpenSSLError) {
        let time = ASN1_TIME_set(nil, Int(notBefore.secondsSinceEpoch))
        defer { ASN1_STRING_free(time) }
        try check(operation) { X509_set1_notBefore(handle, time) }
        let end = ASN1_TIME_set(nil, Int(notAfter.secondsSinceEpoch))
        defer { ASN1_STRING_free(end) }
        try check(operation) { X509_set1_notAfter(handle, end) }
    }

    func addExtensions(_ profile: CertificateProfile, issuer: Certificate?) throws(OpenSSLError) {
        switch profile {
        case .certificateAuthority:
            try add(NID_basic_constraints, "critical,CA:TRUE", issuer)
            try add(NID_key_usage, "critical,keyCertSign,cRLSign,digitalSignature", issuer)
        case .server, .client:
            try add(NID_basic_constraints, "critical,CA:FALSE", issuer)
            // TLS 1.3 and the ECDHE suites only sign; nothing is ever encrypted with this key.
            try add(NID_key_usage, "critical,digitalSignature", issuer)
            try add(NID_ext_key_usage, profile == .server ? "serverAuth" : "clientAuth", issuer)
        }
        try add(NID_subject_key_identifier, "hash", issuer)
        // A self-signed certificate is its own authority, so the identifier would only repeat itself.
        if issuer != nil { try add(NID_authority_key_identifier, "keyid:always", issuer) }
    }

    private func add(_ identifier: CInt, _ value: String, _ issuer: Certificate?) throws(OpenSSLError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer?.handle ?? handle, handle, nil, nil, 0)
        let made = try make(operation) { X509V3_EXT_conf_nid(nil, &context, identifier, value) }
        defer { X509_EXTENSION_free(made) }
        try check(operation) { X509_add_ext(handle, made, -1) }
    }

    /// Builds the extension value by value: in OpenSSL's text form, a comma in a name would start another name.
    func addAlternativeNames(_ names: [SubjectAlternativeName]) throws(OpenSSLError) {
        if names.isEmpty { return }
        let list = try make(operation) { GENERAL_NAMES_new() }
        defer { GENERAL_NAMES_free(list) }
        for name in names {
            let (type, stringType, bytes) = try Self.encode(name)
            guard let entry = GENERAL_NAME_new() else { throw .drained(operation) }
            guard let string = ASN1_STRING_type_new(stringType),
                ASN1_STRING_set(string, bytes, CInt(clamping: bytes.count)) == 1
            else {
                GENERAL_NAME_free(entry)
                throw .drained(operation)
            }
            GENERAL_NAME_set0_value(entry, type, string)
            guard OPENSSL_sk_push(list, entry) > 0 else {
                GENERAL_NAME_free(entry)
                throw .drained(operation)
            }
        }
        try check(operation) {
            X509_add1_ext_i2d(handle, NID_subject_alt_name, UnsafeMutableRawPointer(list), 0, UInt(X509V3_ADD_DEFAULT))
        }
    }

    private static func encode(
        _ name: SubjectAlternativeName
    ) throws(OpenSSLError) -> (type: CInt, stringType: CInt, bytes: [UInt8]) {
        switch name {
        case .dns(let text):
            guard !text.isEmpty, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw OpenSSLError("issue a certificate", reason: "a DNS name is empty or not ASCII")
            }
            return (GEN_DNS, V_ASN1_IA5STRING, Array(text.utf8))
        case .ip(let text):
            guard let bytes = IPAddress(text)?.bytes else {
                throw OpenSSLError("issue a certificate", reason: "an IP address cannot be read")
            }
            return (GEN_IPADD, V_ASN1_OCTET_STRING, bytes)
        }
    }
}
