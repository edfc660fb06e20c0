internal import ArgumentParser
internal import Files
internal import Glibc
internal import OpenSSL
internal import Terminal
internal import Timestamps

/// The folder that `certs create` works in.
struct CertificateFolder {
    let path: String

    func path(of name: String) -> String {
        path.hasSuffix("/") ? path + name : path + "/" + name
    }

    /// The CA of an earlier run.
    func loadAuthority(now: Timestamp) throws -> (certificate: Certificate, key: PrivateKey) {
        let certificatePath = path(of: CertsCommand.FileName.authority)
        let keyPath = path(of: CertsCommand.FileName.authorityKey)
        for path in [certificatePath, keyPath] where FileStamp(path: path) == nil {
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

    /// Fills in what the command line left open from the certificates that are there.
    func adoptNames(into plan: inout CertificatePlan) throws {
        let server = path(of: CertsCommand.FileName.server)
        if FileStamp(path: server) != nil, let current = try PEMFile.certificates(server).first {
            if plan.hosts.isEmpty {
                plan.hosts = current.dnsNames.map { .dns($0) } + current.ipAddresses.map { .ip($0) }
            }
            if (try? current.publicKey)?.kind == .rsa { plan.usesRSA = true }
        }
        let client = path(of: CertsCommand.FileName.client)
        if plan.clientName == nil, FileStamp(path: client) != nil {
            plan.clientName = try PEMFile.certificates(client).first?.commonName
        }
    }

    /// Writes all files, or none when one of them is there and may not be replaced.
    func write(_ files: [CertificateFile], replacing: Bool) throws {
        if !replacing {
            var status = stat()
            for file in files where lstat(path(of: file.name), &status) == 0 {
                throw CommandFailure(
                    "\(path(of: file.name)) is there already; --renew keeps the CA and replaces the rest, --force "
                        + "replaces everything")
            }
        }
        try make()
        for file in files {
            do throws(FileError) {
                try FileBytes.write(file.bytes, to: path(of: file.name), mode: file.mode, replacing: replacing)
            } catch {
                throw CommandFailure("\(path(of: file.name)): \(error.sentence)")
            }
        }
    }

    /// Makes the folder, and those around it, where it is not there.
    func make() throws {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += part + "/"
            if mkdir(made, 0o755) != 0, errno != EEXIST {
                let reason = errno == EACCES || errno == EROFS ? "this user may not" : "the system refuses"
                throw CommandFailure("\(path): the folder cannot be made: \(reason)")
            }
        }
    }
}

/// PEM files, or the end of the command with a sentence that names the file.
enum PEMFile {
    static func read(_ path: String) throws -> [UInt8] {
        do throws(FileError) {
            return try FileBytes.read(path)
        } catch {
            throw CommandFailure("\(path): \(error.sentence)")
        }
    }

    /// At least one.
    static func certificates(_ path: String) throws -> [Certificate] {
        let bytes = try read(path)
        guard let chain = try? Certificate.chain(fromPEM: bytes), !chain.isEmpty else {
            throw CommandFailure(
                (try? PrivateKey(pem: bytes)) == nil
                    ? "\(path): the file holds no certificate in PEM, or a damaged one"
                    : "\(path): this is a private key; name its certificate, and the key beside it is looked at")
        }
        return chain
    }

    static func privateKey(_ path: String) throws -> PrivateKey {
        let bytes = try read(path)
        guard let key = try? PrivateKey(pem: bytes) else {
            throw CommandFailure("\(path): the file holds no private key in PEM, or one with a password")
        }
        return key
    }
}
