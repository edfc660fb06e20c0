import Files
public import OpenSSL

/// The server's certificate, key and client CA from their files, and the TLS context made from them.
public struct ServerIdentity: Sendable {
    /// The TLS context made from these files.
    public let context: TLSContext
    /// The first certificate of `server.certificate`.
    public let certificate: Certificate
    /// The certificates of `server.clientCA`.
    public let clientAuthorities: [Certificate]
    /// Changes with any of the files.
    public let digest: SHA256Digest

    /// Reads and checks all files. Throws every problem with its place in the configuration.
    public static func load(_ loaded: LoadedConfiguration) throws(ConfigurationError) -> ServerIdentity {
        let server = loaded.configuration.server
        var problems: [ConfigurationProblem] = []
        func read(_ field: String, _ path: String, isTrusted: Bool = false) -> [UInt8]? {
            // The field is missing or invalid, which is reported already.
            guard !path.isEmpty else { return nil }
            do throws(FileError) {
                return try FileIO.read(path, isTrusted: isTrusted)
            } catch {
                let command = "`kube-entra certs create` makes it; on a control-plane node, `kube-entra enable` does"
                problems.append(
                    loaded.problem(
                        field, "\(path): \(error.sentence)", hint: error == .missing ? command : nil))
                return nil
            }
        }
        let chain = read("server.certificate", server.certificate)
        var key = read("server.privateKey", server.privateKey)
        // OpenSSL has its own copy, which it clears itself.
        defer { key?.withUnsafeMutableBytes { cleanse($0) } }
        let authorities = server.clientCA.flatMap { read("server.clientCA", $0, isTrusted: true) }
        func certificates(_ field: String, _ pem: [UInt8]) -> [Certificate] {
            if let chain = try? Certificate.chain(fromPEM: pem), !chain.isEmpty { return chain }
            problems.append(loaded.problem(field, "the file holds no certificate in PEM"))
            return []
        }
        let own = chain.map { certificates("server.certificate", $0) } ?? []
        let known = authorities.map { certificates("server.clientCA", $0) } ?? []
        // A client's own certificate may also be listed. If no certificate is of either kind, no client could connect.
        if !known.isEmpty, !known.contains(where: { $0.canIssueClients || $0.canBeClient }) {
            problems.append(
                loaded.problem(
                    "server.clientCA",
                    "the file holds no CA certificate, so every caller would be refused; name the CA that signed"
                        + " kube-apiserver's client certificate"))
        }
        if key != nil, (try? PrivateKey(pem: key ?? [])) == nil {
            problems.append(
                loaded.problem("server.privateKey", "the file holds no private key in PEM, or one with a password"))
        }
        guard problems.isEmpty, let chain, key != nil, let first = own.first else {
            throw ConfigurationError(problems: problems)
        }
        do {
            let context = try TLSContext(
                server: TLSServerConfiguration(
                    certificateChain: chain,
                    privateKey: key ?? [],
                    clientAuthorities: authorities,
                    applicationProtocols: server.protocols))
            let protocols: [UInt8] = server.protocols.flatMap { [UInt8]($0.utf8) + [0] }
            let parts = [chain, key ?? [], authorities ?? [], protocols].map { part in
                part.withUnsafeBytes { SHA256Digest(hashing: $0) }
            }
            return ServerIdentity(
                context: context, certificate: first, clientAuthorities: known,
                digest: parts.withUnsafeBytes { SHA256Digest(hashing: $0) })
        } catch {
            let isOtherKey = (try? PrivateKey(pem: key ?? [])).map { !first.matches($0) } ?? false
            var problem = loaded.problem("server.privateKey", "\(error)")
            if isOtherKey { problem.rule = .keyMismatch }
            throw ConfigurationError(problems: [problem])
        }
    }

    /// The paths that reloads watch.
    public static func paths(_ server: ServerSettings) -> [String] {
        [server.certificate, server.privateKey] + (server.clientCA.map { [$0] } ?? [])
    }
}
