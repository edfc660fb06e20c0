import OpenSSL
public import Terminal
public import Timestamps

/// What `certs create` is asked for.
public struct CertificateRequest: Sendable {
    /// The folder to write to.
    public var folder: String
    /// Names and addresses of the server, as they were written.
    public var hosts: [String]
    /// Client name, validity and kind of key.
    public var terms: CertificateTerms
    /// Whether the CA is kept and only the other certificates are made again.
    public var isRenewal: Bool
    /// Whether existing files are replaced, the CA included.
    public var isReplacing: Bool

    public init(
        folder: String, hosts: [String], terms: CertificateTerms, isRenewal: Bool, isReplacing: Bool
    ) {
        self.folder = folder
        self.hosts = hosts
        self.terms = terms
        self.isRenewal = isRenewal
        self.isReplacing = isReplacing
    }

    /// - Throws: ``UsageProblem`` if an option has another form, or does not go with another one.
    public func check() throws(UsageProblem) {
        guard !folder.isEmpty else { throw UsageProblem("--out must name a folder") }
        if let real = SystemFolder.real(folder) {
            throw UsageProblem(
                "--out must not be \(real), which has the system's own files: name a folder of the webhook's own, such as"
                    + " /etc/kube-entra/certs")
        }
        guard (1...36_500).contains(terms.days) else { throw UsageProblem("--days must be from 1 to 36500") }
        guard (1...36_500).contains(terms.authorityDays) else {
            throw UsageProblem("--ca-days must be from 1 to 36500")
        }
        guard isRenewal || terms.days <= terms.authorityDays else {
            throw UsageProblem("--days must not be more than --ca-days (\(terms.authorityDays))")
        }
        guard !(isRenewal && isReplacing) else {
            throw UsageProblem("--renew replaces what it makes anyway; --force would replace the CA too")
        }
        for host in hosts where CertificateHost(host) == nil {
            throw UsageProblem("--host must be a DNS name or an IP address, without a scheme or a port")
        }
        guard terms.clientName.map(CertificateHost.isCommonName) ?? true else {
            throw UsageProblem("--client-name must be 1 to 64 characters that can be seen")
        }
    }

    /// Makes keys and certificates, and writes them into the folder.
    ///
    /// - Parameter note: receives each line for people, before the files are written.
    /// - Throws: `CommandFailure` if a file exists or cannot be written.
    public func run(now: Timestamp, note: (String) -> Void) throws -> CreationReport {
        let folder = CertificateFolder(path: folder)
        var plan = CertificatePlan(
            hosts: hosts.compactMap { CertificateHost($0)?.name }, terms: terms, now: now)
        var authority: (certificate: Certificate, key: PrivateKey)?
        if isRenewal {
            authority = try folder.loadAuthority(now: now)
            try folder.adoptNames(into: &plan)
        }
        let files: [CertificateFile]
        do throws(OpenSSLError) {
            files = try plan.make(authority: authority)
        } catch {
            throw CommandFailure("\(error)")
        }
        if let end = authority?.certificate.notAfter, end < now.adding(seconds: Int64(terms.days) * 86_400) {
            note("note: the new certificates end with the CA, on \(end.rfc3339.prefix(10))")
        }
        try folder.write(files, replacing: isReplacing || isRenewal, isRenewal: isRenewal)
        return CreationReport(folder: folder, plan: plan, files: files, authority: authority?.certificate)
    }
}
