internal import EntraTokens
internal import Files
internal import Glibc
internal import OpenSSL
internal import SigningKeys
internal import Timestamps

extension LintFacts {
    /// Looks at every file that a configuration names.
    public init(_ servable: ServableConfiguration) {
        let identity = servable.identity
        let configuration = servable.loaded.configuration
        self.init(
            now: .now(),
            certificateExpires: identity.certificate.notAfter,
            certificateNames: identity.certificate.dnsNames + identity.certificate.ipAddresses,
            keyFileMode: Self.status(configuration.server.privateKey)?.mode)
        certificateStarts["server.certificate"] = identity.certificate.notBefore
        certificateStarts["server.clientCA"] = identity.clientAuthorities.map(\.notBefore).max()
        clientCAIsNoCA =
            !identity.clientAuthorities.isEmpty && !identity.clientAuthorities.contains { $0.canIssueClients }
        if let soonest = identity.clientAuthorities.map(\.notAfter).min() {
            otherCertificates["server.clientCA"] = soonest
        }
        var found = stat()
        for (_, path) in configuration.filesForLater
        where stat(path, &found) != 0 && (errno == ENOENT || errno == ENOTDIR) {
            missingFiles.insert(path)
        }
        for (index, tenant) in configuration.tenants.enumerated() { look(at: tenant, "tenants[\(index)]") }
    }

    private mutating func look(at tenant: TenantSettings, _ path: String) {
        if let authorityCA = tenant.authorityCA { certificates(authorityCA, "\(path).authorityCA") }
        if let graphCA = tenant.directory?.graphCA { certificates(graphCA, "\(path).directory.graphCA") }
        switch tenant.directory?.credential {
        case .clientSecretFile(let file): secret(file, "\(path).directory.clientSecretFile")
        case .federatedTokenFile(let file): secret(file, "\(path).directory.federatedTokenFile")
        case .clientCertificateFile(let file):
            certificates(file, "\(path).directory.clientCertificateFile")
            secret(file, "\(path).directory.clientCertificateFile")
        case .managedIdentity, nil: break
        }
        if let file = tenant.signingKeys.file { keys(file, tenant, "\(path).signingKeys.file") }
        if tenant.signingKeys.file == nil, let file = tenant.signingKeys.cacheFile,
            let obstacle = FileBytes.obstacle(toAppending: file)
        {
            let folder = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? "."
            if !missingFiles.contains(folder) {
                refuse("\(path).signingKeys.cacheFile", file, "cannot be written to: \(obstacle.sentence)")
            }
        }
    }

    private mutating func refuse(_ field: String, _ file: String, _ sentence: String) {
        if !missingFiles.contains(file) { unusableFiles[field] = "\(file): \(sentence)" }
    }

    private mutating func certificates(_ file: String, _ field: String) {
        do throws(FileError) {
            let bytes = try FileBytes.read(file)
            let chain = (try? Certificate.chain(fromPEM: bytes)) ?? []
            otherCertificates[field] = chain.map(\.notAfter).min()
            certificateStarts[field] = chain.map(\.notBefore).max()
            if chain.isEmpty { refuse(field, file, "the file holds no certificate in PEM") }
        } catch {
            refuse(field, file, error.sentence)
        }
    }

    private mutating func secret(_ file: String, _ field: String) {
        do throws(FileError) {
            let isEmpty = try FileBytes.read(file).allSatisfy { $0 <= 32 }
            if isEmpty { refuse(field, file, "the file is empty") }
        } catch {
            refuse(field, file, error.sentence)
        }
        if let mode = Self.status(file)?.mode { secretModes[field] = mode }
    }

    private mutating func keys(_ path: String, _ tenant: TenantSettings, _ field: String) {
        do throws(KeyFileError) {
            let file = try KeyFile.read(path: path, trust: tenant.trust)
            if file.report.usable.isEmpty {
                throw .noUsableKeys(file.report.keys.compactMap(\.problem).first)
            }
            keyFileTimes[path] = file.fetchedAt ?? Self.status(path)?.written
        } catch {
            refuse(field, path, error.sentence)
        }
    }

    private static func status(_ path: String) -> (mode: UInt32, written: Timestamp)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return (status.st_mode & 0o777, Timestamp(secondsSinceEpoch: Int64(status.st_mtim.tv_sec)))
    }
}
