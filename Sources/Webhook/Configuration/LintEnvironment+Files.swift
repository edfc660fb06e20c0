import Entra
import EntraTokens
import Files
import Glibc
import OpenSSL
import SafeText
import SigningKeys
import Timestamps

extension LintEnvironment {
    /// Checks every file that a configuration names.
    public init(_ servable: ServableConfiguration) {
        self = servable.facts
        let identity = servable.identity
        let configuration = servable.loaded.configuration
        certificateExpires = identity.certificate.notAfter
        certificateNames = identity.certificate.dnsNames + identity.certificate.ipAddresses
        let volumes = KubernetesVolumes()
        let key = configuration.server.privateKey
        keyFileMode = volumes.contains(key) ? nil : Self.status(key)?.mode
        certificateStarts["server.certificate"] = identity.certificate.notBefore
        certificateStarts["server.clientCA"] = identity.clientAuthorities.map(\.notBefore).max()
        clientCAIsNoCA =
            !identity.clientAuthorities.isEmpty && !identity.clientAuthorities.contains { $0.canIssueClients }
        sharedClientAuthorities = identity.clientAuthorities.filter { !identity.isOwn($0) }.map { $0.commonName ?? "" }
        if let soonest = identity.clientAuthorities.map(\.notAfter).min() {
            otherCertificates["server.clientCA"] = soonest
        }
        for file in configuration.files where file.role == .deniedList {
            deniedEntries[file.field] = servable.denyFiles.entries(in: file.path)
        }
        for file in configuration.files + [servable.loaded.asFile] {
            sharedFolders[file.field] = FileTrust.sharedFolder(of: file.path, except: volumes)
            if FileTrust.problem(path: file.path) != nil { untrustedFiles.insert(file.field) }
        }
    }

    /// Checks the files of tenants.
    init(filesOf configuration: WebhookConfiguration, now: Timestamp) {
        self.init(now: now)
        let volumes = KubernetesVolumes()
        for file in configuration.files {
            let index = configuration.tenants.indices.first { file.field.hasPrefix("tenants[\($0)].") }
            inspect(file, tenant: index.map { configuration.tenants[$0] })
            if volumes.contains(file.path) { secretModes[file.field] = nil }
        }
    }

    private mutating func inspect(_ file: NamedFile, tenant: TenantSettings?) {
        var found = stat()
        let path = file.role == .keyCache ? Self.folder(of: file.path) : file.path
        let isThere = stat(path, &found) == 0 || (errno != ENOENT && errno != ENOTDIR)
        guard isThere || file.role.isWritten else {
            missingFiles.insert(file.path)
            return
        }
        switch file.role {
        case .authorityCA, .graphCA: certificates(file, isTrusted: true)
        case .clientSecret, .federatedToken: secret(file)
        case .clientCertificate:
            certificates(file)
            secret(file)
            keyPair(file)
        case .signingKeys: if let tenant { keys(file, tenant) }
        case .keyCache:
            guard tenant?.signingKeys.file == nil else { return }
            guard isThere else {
                missingFiles.insert(file.path)
                return
            }
            if let obstacle = FileIO.obstacle(toAppending: file.path) {
                unusableFiles[file.field] = "\(file.path): cannot be written to: \(obstacle.sentence)"
            }
        case .names:
            do throws(DirectoryNames.Problem) {
                _ = try DirectoryNames.load(path: file.path)
            } catch {
                unusableFiles[file.field] = error.sentence
            }
        case .serverCertificate, .serverKey, .clientCA, .deniedList, .audit: break
        }
    }

    private mutating func refuse(_ file: NamedFile, _ sentence: String) {
        // The first problem causes the others.
        if unusableFiles[file.field] == nil { unusableFiles[file.field] = "\(file.path): \(sentence)" }
    }

    /// - Parameter isTrusted: whether the file contains trusted CAs. It is then refused if anybody except root and this
    ///   process's user can write it.
    private mutating func certificates(_ file: NamedFile, isTrusted: Bool = false) {
        do throws(FileError) {
            let bytes = try FileIO.read(file.path, isTrusted: isTrusted)
            let chain = (try? Certificate.chain(fromPEM: bytes)) ?? []
            otherCertificates[file.field] = chain.map(\.notAfter).min()
            certificateStarts[file.field] = chain.map(\.notBefore).max()
            if chain.isEmpty {
                refuse(file, "the file holds no certificate in PEM")
            } else if isTrusted, !chain.contains(where: { $0.canIssueServers }) {
                filesWithoutCA[file.field] = chain.contains { $0.canBeServer }
            }
        } catch {
            refuse(file, error.sentence)
        }
    }

    private mutating func keyPair(_ file: NamedFile) {
        guard var bytes = try? FileIO.read(file.path) else { return }
        defer { bytes.withUnsafeMutableBytes { cleanse($0) } }
        guard let key = try? PrivateKey(pem: bytes) else {
            refuse(file, "the file holds no private key in PEM, or one with a password")
            return
        }
        if let first = (try? Certificate.chain(fromPEM: bytes))?.first, !first.matches(key) {
            refuse(file, "the certificate does not belong to the private key")
        }
    }

    private mutating func secret(_ file: NamedFile) {
        do throws(FileError) {
            var bytes = try FileIO.read(file.path)
            defer { bytes.withUnsafeMutableBytes { cleanse($0) } }
            if bytes.allSatisfy({ $0 <= 32 }) {
                refuse(file, "the file is empty")
            } else if file.role == .clientSecret {
                doubtfulSecrets[file.field] = Self.doubt(about: bytes)
            }
        } catch {
            refuse(file, error.sentence)
        }
        if let mode = Self.status(file.path)?.mode { secretModes[file.field] = mode }
    }

    /// What the file holds in place of a client secret; nil if it can be one.
    private static func doubt(about bytes: [UInt8]) -> String? {
        var secret = bytes.drop { $0 <= 32 }
        while let last = secret.last, last <= 32 { secret.removeLast() }
        defer { secret.withUnsafeMutableBytes { cleanse($0) } }
        if secret.contains(where: { $0 <= 32 }) {
            return "the file holds more than one word, and a client secret is one"
        }
        if secret.withUnsafeBytes({ GUID($0) }) != nil {
            return "the file holds an ID (a GUID), as Entra shows beside each secret, and not the secret's value"
        }
        let name = secret.prefix { $0 == UInt8(ascii: "_") || (65...90).contains($0) || (48...57).contains($0) }
        let rest = secret.dropFirst(name.count)
        guard !name.isEmpty, rest.first == UInt8(ascii: "="), rest.contains(where: { $0 != UInt8(ascii: "=") }) else {
            return nil
        }
        return "the file holds NAME=VALUE, as for an environment, and only the value belongs there"
    }

    private mutating func keys(_ file: NamedFile, _ tenant: TenantSettings) {
        do throws(KeyFileError) {
            let keys = try KeyFile.read(path: file.path, trust: tenant.trust, isTrusted: true)
            if keys.report.usable.isEmpty {
                throw .noUsableKeys(keys.report.keys.compactMap(\.problem).first)
            }
            keyFileTimes[ExactText(file.path)] = keys.fetchedAt ?? Self.status(file.path)?.written
        } catch {
            refuse(file, error.sentence)
        }
    }

    private static func status(_ path: String) -> (mode: UInt32, written: Timestamp)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return (status.st_mode & 0o777, Timestamp(secondsSinceEpoch: Int64(status.st_mtim.tv_sec)))
    }

    static func folder(of path: String) -> String {
        guard let end = path.lastIndex(of: "/") else { return "." }
        return end == path.startIndex ? "/" : String(path[..<end])
    }
}

extension ServerIdentity {
    /// Whether a client CA belongs to the webhook alone: `certs create` made it, or it also issued the server's
    /// certificate. A cluster's CA does not, because every node has a client certificate from it.
    fileprivate func isOwn(_ authority: Certificate) -> Bool {
        guard let name = authority.commonName?.lowercased() else { return false }
        if name == "kube-entra ca" { return true }
        let isClusters = ["kubernetes", "kube-", "etcd", "rke2", "k3s", "front-proxy"].contains { name.hasPrefix($0) }
        return !isClusters && certificate.issuer == authority.subject
    }
}

extension LoadedConfiguration {
    /// The configuration's own file.
    var asFile: NamedFile { NamedFile(field: "", path: path, role: .names, isNeeded: true) }
}
