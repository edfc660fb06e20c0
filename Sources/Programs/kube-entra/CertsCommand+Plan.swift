internal import Glibc
internal import OpenSSL
internal import Timestamps

/// A name in the server certificate.
struct CertificateHost {
    let name: SubjectAlternativeName

    /// Nil for what is neither a DNS name nor an IP address.
    init?(_ text: String) {
        if CertificateHost.isAddress(text) {
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
        // 10.0.0.256 is a mistyped address and no name.
        guard !last.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        name = .dns(lowercased)
    }

    static func isAddress(_ text: String) -> Bool {
        var four = in_addr()
        var sixteen = in6_addr()
        return inet_pton(AF_INET, text, &four) == 1 || inet_pton(AF_INET6, text, &sixteen) == 1
    }

    /// X.509 allows 64 characters.
    static func isCommonName(_ text: String) -> Bool {
        (1...64).contains(text.unicodeScalars.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) }
            && text.first != " " && text.last != " "
    }
}

extension SubjectAlternativeName {
    var text: String {
        switch self {
        case .dns(let name): name
        case .ip(let address): address
        }
    }
}

/// One file that `certs create` writes.
struct CertificateFile {
    let name: String
    let purpose: String
    let bytes: [UInt8]
    /// Nil for a key.
    let expires: Timestamp?

    var mode: UInt32 { expires == nil ? 0o600 : 0o644 }
}

/// What `certs create` is to make. Nothing here touches a file.
struct CertificatePlan {
    var hosts: [SubjectAlternativeName]
    var clientName: String?
    var usesRSA: Bool
    var days: Int
    var authorityDays: Int
    var now: Timestamp

    init(
        hosts: [SubjectAlternativeName], clientName: String?, usesRSA: Bool, days: Int, authorityDays: Int,
        now: Timestamp
    ) {
        var seen: Set<SubjectAlternativeName> = []
        self.hosts = hosts.filter { seen.insert($0).inserted }
        self.clientName = clientName
        self.usesRSA = usesRSA
        self.days = days
        self.authorityDays = authorityDays
        self.now = now
    }

    static let loopback: [SubjectAlternativeName] = [.dns("localhost"), .ip("127.0.0.1"), .ip("::1")]

    var chosenClientName: String { clientName ?? "kube-apiserver" }

    /// Makes keys and certificates, and the CA where there is none yet.
    mutating func make(
        authority existing: (certificate: Certificate, key: PrivateKey)?
    ) throws(OpenSSLError) -> [CertificateFile] {
        if hosts.isEmpty { hosts = CertificatePlan.loopback }
        var files: [CertificateFile] = []
        // Clocks of control-plane nodes may be a little behind this one.
        let start = now.adding(seconds: -300)
        let authority: (certificate: Certificate, key: PrivateKey)
        if let existing {
            authority = existing
        } else {
            let key = usesRSA ? try PrivateKey.generateRSA(bits: 3072) : try PrivateKey.generateP256()
            let certificate = try Certificate.selfSigned(
                subject: CertificateName(commonName: "kube-entra CA"), key: key, notBefore: start,
                notAfter: now.adding(seconds: Int64(authorityDays) * 86_400), profile: .certificateAuthority)
            authority = (certificate, key)
            typealias Name = CertsCommand.FileName
            files.append(.init(name: Name.authorityKey, purpose: "key of the CA", bytes: try key.pem(), expires: nil))
            for (name, purpose) in [
                (Name.authority, "CA, for kube-apiserver to know the server by"),
                (Name.clientAuthority, "CA, for the server to know kube-apiserver by"),
            ] {
                files.append(
                    .init(name: name, purpose: purpose, bytes: certificate.pem, expires: certificate.notAfter))
            }
        }
        // No certificate outlives the one that vouches for it.
        let end = min(now.adding(seconds: Int64(days) * 86_400), authority.certificate.notAfter)
        files += try issue(.server, hosts.first?.text ?? "localhost", hosts, start, end, authority)
        files += try issue(.client, chosenClientName, [], start, end, authority)
        return files
    }

    private func issue(
        _ profile: CertificateProfile, _ name: String, _ names: [SubjectAlternativeName], _ start: Timestamp,
        _ end: Timestamp, _ authority: (certificate: Certificate, key: PrivateKey)
    ) throws(OpenSSLError) -> [CertificateFile] {
        typealias Name = CertsCommand.FileName
        let isServer = profile == .server
        let key = usesRSA ? try PrivateKey.generateRSA() : try PrivateKey.generateP256()
        let certificate = try Certificate.issue(
            // A long host name stands in the alternative names, which are what counts.
            subject: CertificateName(commonName: CertificateHost.isCommonName(name) ? name : "kube-entra"),
            subjectKey: key.publicKey, sans: names, notBefore: start, notAfter: end, profile: profile,
            issuer: authority)
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
