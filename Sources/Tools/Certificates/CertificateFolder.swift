import Files
import Glibc
public import OpenSSL
import Terminal
public import Timestamps

/// The folder of `certs create`.
public struct CertificateFolder {
    /// The names of the files that `certs create` writes.
    public enum FileName {
        /// The CA's certificate, with which kube-apiserver verifies the server.
        public static let authority = "ca.crt"
        /// The CA's private key.
        public static let authorityKey = "ca.key"
        /// The server's certificate.
        public static let server = "server.crt"
        /// The server's private key.
        public static let serverKey = "server.key"
        /// The CA's certificate again, with which the server verifies kube-apiserver.
        public static let clientAuthority = "client-ca.crt"
        /// kube-apiserver's client certificate.
        public static let client = "client.crt"
        /// kube-apiserver's private key.
        public static let clientKey = "client.key"

        static let all = [authority, authorityKey, server, serverKey, clientAuthority, client, clientKey]
    }

    /// The folder as the user wrote it.
    public let path: String

    /// - Parameter path: the folder as the user wrote it; it need not exist yet.
    public init(path: String) {
        self.path = path
    }

    /// The path of a file in this folder.
    public func path(of name: String) -> String {
        path.hasSuffix("/") ? path + name : path + "/" + name
    }

    /// The paths of its `.crt` files, sorted by name, without hidden ones; empty if the folder cannot be read.
    var certificateFiles: [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".crt"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted().map(path(of:))
    }

    /// The CA of an earlier run.
    ///
    /// - Throws: `CommandFailure` if it is missing, expired or does not match its key.
    public func loadAuthority(now: Timestamp) throws -> (certificate: Certificate, key: PrivateKey) {
        let certificatePath = path(of: FileName.authority)
        let keyPath = path(of: FileName.authorityKey)
        for path in [certificatePath, keyPath] where FileVersion(path: path) == nil {
            throw CommandFailure(
                "\(path): there is no such file; --renew needs the CA's certificate and key, which are kept off the cluster"
            )
        }
        let certificate = try PEMFile.certificates(certificatePath)[0]
        let key = try PEMFile.privateKey(keyPath)
        guard certificate.matches(key) else {
            throw CommandFailure("\(keyPath) is not the key of \(certificatePath)")
        }
        guard certificate.isCA else { throw CommandFailure("\(certificatePath) is not the certificate of a CA") }
        guard certificate.notAfter > now else {
            throw CommandFailure("\(certificatePath) has expired: make a new CA with --force and give it to both sides")
        }
        return (certificate, key)
    }

    /// Takes names that the command line does not set from the existing certificates.
    ///
    /// - Throws: `CommandFailure` if a certificate exists but cannot be read.
    public func adoptNames(into plan: inout CertificatePlan) throws {
        let server = path(of: FileName.server)
        if FileVersion(path: server) != nil, let current = try PEMFile.certificates(server).first {
            if plan.hosts.isEmpty {
                plan.hosts = current.dnsNames.map { .dns($0) } + current.ipAddresses.map { .ip($0) }
            }
            if (try? current.publicKey)?.kind == .rsa { plan.terms.usesRSA = true }
        }
        let client = path(of: FileName.client)
        if plan.terms.clientName == nil, FileVersion(path: client) != nil {
            plan.terms.clientName = try PEMFile.certificates(client).first?.commonName
        }
    }

    /// Writes all files, or none if one of them exists and may not be replaced. A replaced file keeps its owner and
    /// group: a service of another user can still read its key. That of the webhook stays readable by its group, and in
    /// a renewal that of kube-apiserver too. Nobody but the owner needs the key of a new CA.
    ///
    /// - Throws: `CommandFailure` if a file may not be replaced or cannot be written.
    public func write(_ files: [CertificateFile], replacing: Bool, isRenewal: Bool = false) throws {
        if !replacing {
            var status = stat()
            for file in files where lstat(path(of: file.name), &status) == 0 {
                throw CommandFailure(
                    "\(path(of: file.name)) is there already; --renew keeps the CA and replaces the rest, --force "
                        + "replaces everything")
            }
        }
        try CommandFile.makeFolder(path)
        if replacing {
            do throws(FileIO.FilesError) {
                return try FileIO.replaceTogether(
                    files.map { file in
                        let isService = file.name == FileName.serverKey || isRenewal && file.name == FileName.clientKey
                        return .init(
                            path: path(of: file.name), bytes: file.bytes, mode: file.mode,
                            keepsGroup: file.expires != nil || isService)
                    })
            } catch {
                throw CommandFailure("\(error.path): \(error.error.sentence)")
            }
        }
        for file in files {
            do throws(FileError) {
                try FileIO.write(file.bytes, to: path(of: file.name), mode: file.mode, replacing: false)
            } catch {
                throw CommandFailure("\(path(of: file.name)): \(error.sentence)")
            }
        }
    }
}
