import Glibc

/// Where a Linux system stores its trusted authorities.
enum SystemTrustStore: Equatable {
    case file(String)
    /// A directory of hashed names, or several separated by colons.
    case directory(String)

    /// Debian and derivatives, Red Hat 7 and later, older Red Hat and SUSE, Alpine and the BSDs.
    static let files = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
    ]

    /// The places named by `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the first usual file that exists.
    static func locate(environment: (String) -> String?, exists: (String) -> Bool) -> [SystemTrustStore] {
        var places: [SystemTrustStore] = []
        if let file = environment("SSL_CERT_FILE"), !file.isEmpty { places.append(.file(file)) }
        if let directory = environment("SSL_CERT_DIR"), !directory.isEmpty { places.append(.directory(directory)) }
        if places.isEmpty, let file = files.first(where: exists) { places.append(.file(file)) }
        return places
    }

    static func locate() -> [SystemTrustStore] {
        locate(
            environment: { name in getenv(name).map { String(cString: $0) } },
            exists: { access($0, R_OK) == 0 })
    }
}
