internal import ArgumentParser
internal import Configuration
internal import Files
internal import OpenSSL
internal import Terminal

extension LoadedConfiguration {
    /// Loads a configuration, or ends the command with every problem on standard error.
    static func loadOrExit(_ path: String) throws -> LoadedConfiguration {
        do {
            return try ConfigurationLoader.load(path: path)
        } catch {
            for problem in error.problems { Console.note(problem.description) }
            throw ExitCode.cannot
        }
    }

    /// A problem with what a field names, at that field's place.
    func problem(_ field: String, _ message: String) -> ConfigurationProblem {
        let position = positions[field] ?? FieldPosition(line: 1, column: 1)
        return ConfigurationProblem(
            file: path, line: position.line, column: position.column, field: field, message: message)
    }
}

/// A configuration that can be served: itself, and what is in the files that it names.
struct ServableConfiguration {
    let loaded: LoadedConfiguration
    let identity: ServerIdentity

    /// Reads everything; throws every problem of the configuration and of those files together.
    static func load(_ path: String) throws(ConfigurationError) -> ServableConfiguration {
        var problems: [ConfigurationProblem] = []
        let loaded: LoadedConfiguration
        do throws(ConfigurationError) {
            loaded = try ConfigurationLoader.load(path: path)
        } catch {
            guard let partial = error.partial else { throw error }
            problems = error.problems
            loaded = partial
        }
        if let problem = AuditFile.problem(loaded) { problems.append(problem) }
        let identity: ServerIdentity?
        do throws(ConfigurationError) {
            identity = try ServerIdentity.load(loaded)
        } catch {
            // What a field says comes before what is in the file that it names.
            problems += error.problems.filter { one in !problems.contains { $0.field == one.field } }
            identity = nil
        }
        guard problems.isEmpty, let identity else { throw ConfigurationError(problems: problems, partial: loaded) }
        return ServableConfiguration(loaded: loaded, identity: identity)
    }
}

/// The file of `logging.audit`.
enum AuditFile {
    static func problem(_ loaded: LoadedConfiguration) -> ConfigurationProblem? {
        guard let path = loaded.configuration.logging.audit, !FileBytes.canAppend(to: path) else { return nil }
        return refusal(loaded)
    }

    static func refusal(_ loaded: LoadedConfiguration) -> ConfigurationProblem {
        let path = loaded.configuration.logging.audit ?? ""
        let cause = FileBytes.obstacle(toAppending: path).map { ": \($0.sentence)" } ?? ""
        return loaded.problem("logging.audit", "\(path): cannot be written to\(cause)")
    }
}

/// The server's certificate, key and client CA as they are on disk, and the TLS context made of them.
struct ServerIdentity {
    let context: TLSContext
    let certificate: Certificate
    let clientAuthorities: [Certificate]
    /// Of everything that the context was made of.
    let digest: SHA256Digest

    /// Reads and checks all of it together; throws every problem with the place in the configuration.
    static func load(_ loaded: LoadedConfiguration) throws(ConfigurationError) -> ServerIdentity {
        let server = loaded.configuration.server
        var problems: [ConfigurationProblem] = []
        func read(_ field: String, _ path: String) -> [UInt8]? {
            // The field is missing or wrong, which was said already.
            guard !path.isEmpty else { return nil }
            do throws(FileError) {
                return try FileBytes.read(path)
            } catch {
                problems.append(loaded.problem(field, "\(path): \(error.sentence)"))
                return nil
            }
        }
        let chain = read("server.certificate", server.certificate)
        var key = read("server.privateKey", server.privateKey)
        // OpenSSL has its own copy, which it cleanses itself.
        defer { key?.withUnsafeMutableBytes { cleanse($0) } }
        let authorities = server.clientCA.flatMap { read("server.clientCA", $0) }
        func certificates(_ field: String, _ pem: [UInt8]) -> [Certificate] {
            if let chain = try? Certificate.chain(fromPEM: pem), !chain.isEmpty { return chain }
            problems.append(loaded.problem(field, "the file holds no certificate in PEM"))
            return []
        }
        let own = chain.map { certificates("server.certificate", $0) } ?? []
        let known = authorities.map { certificates("server.clientCA", $0) } ?? []
        // One that clients present themselves is trusted as it stands; nobody at all could come with the others.
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

    /// The paths that a reload watches.
    static func paths(_ server: ServerSettings) -> [String] {
        [server.certificate, server.privateKey] + (server.clientCA.map { [$0] } ?? [])
    }
}
