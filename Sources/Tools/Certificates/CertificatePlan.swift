public import OpenSSL
public import Timestamps

/// What `certs create` will make. Nothing here uses files.
public struct CertificatePlan {
    /// Names in the server certificate.
    public var hosts: [SubjectAlternativeName]
    /// Client name, validity and kind of key.
    public var terms: CertificateTerms
    /// The time of the run.
    public var now: Timestamp

    /// Keeps the order of `hosts`, without duplicates.
    public init(
        hosts: [SubjectAlternativeName], terms: CertificateTerms, now: Timestamp
    ) {
        var seen: Set<SubjectAlternativeName> = []
        self.hosts = hosts.filter { seen.insert($0).inserted }
        self.terms = terms
        self.now = now
    }

    /// The names of a webhook that only its own host can reach.
    public static let loopback: [SubjectAlternativeName] = [.dns("localhost"), .ip("127.0.0.1"), .ip("::1")]

    /// Creates keys and certificates, and a CA if there is none yet.
    ///
    /// - Throws: `OpenSSLError`, for example if a name is longer than X.509 allows.
    public mutating func make(
        authority existing: (certificate: Certificate, key: PrivateKey)?
    ) throws(OpenSSLError) -> [CertificateFile] {
        if hosts.isEmpty { hosts = CertificatePlan.loopback }
        var files: [CertificateFile] = []
        // The clocks of control-plane nodes may be a little behind this one.
        let start = now.adding(seconds: -300)
        let authority: (certificate: Certificate, key: PrivateKey)
        if let existing {
            authority = existing
        } else {
            let key = terms.usesRSA ? try PrivateKey.generateRSA(bits: 3072) : try PrivateKey.generateP256()
            let certificate = try Certificate.selfSigned(
                CertificateContents(
                    subject: CertificateName(commonName: "kube-entra CA"), notBefore: start,
                    notAfter: now.adding(seconds: Int64(terms.authorityDays) * 86_400), profile: .certificateAuthority),
                key: key)
            authority = (certificate, key)
            typealias Name = CertificateFolder.FileName
            files.append(.init(name: Name.authorityKey, purpose: "key of the CA", bytes: try key.pem(), expires: nil))
            for (name, purpose) in [
                (Name.authority, "CA, for kube-apiserver to know the server by"),
                (Name.clientAuthority, "CA, for the server to know kube-apiserver by"),
            ] {
                files.append(
                    .init(name: name, purpose: purpose, bytes: certificate.pem, expires: certificate.notAfter))
            }
        }
        // No certificate is valid for longer than its issuer.
        let end = min(now.adding(seconds: Int64(terms.days) * 86_400), authority.certificate.notAfter)
        files += try issue(.server, hosts.first?.text ?? "localhost", hosts, start, end, authority)
        files += try issue(.client, terms.chosenClientName, [], start, end, authority)
        return files
    }

    private func issue(
        _ profile: CertificateProfile, _ name: String, _ names: [SubjectAlternativeName], _ start: Timestamp,
        _ end: Timestamp, _ authority: (certificate: Certificate, key: PrivateKey)
    ) throws(OpenSSLError) -> [CertificateFile] {
        typealias Name = CertificateFolder.FileName
        let isServer = profile == .server
        let key = terms.usesRSA ? try PrivateKey.generateRSA() : try PrivateKey.generateP256()
        let certificate = try Certificate.issue(
            CertificateContents(
                // A long host name is in the alternative names, which are what clients check.
                subject: CertificateName(commonName: CertificateHost.isCommonName(name) ? name : "kube-entra"),
                sans: names, notBefore: start, notAfter: end, profile: profile),
            subjectKey: key.publicKey, issuer: authority)
        return [
            .init(
                name: isServer ? Name.serverKey : Name.clientKey,
                purpose: isServer ? "key of the server" : "key of kube-apiserver", bytes: try key.pem(), expires: nil),
            .init(
                name: isServer ? Name.server : Name.client,
                purpose: isServer ? "certificate of the server" : "certificate of kube-apiserver",
                bytes: certificate.pem, expires: certificate.notAfter),
        ]
    }
}
