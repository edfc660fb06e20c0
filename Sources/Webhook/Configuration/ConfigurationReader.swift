internal import AccessPolicy
internal import Addresses
internal import EntraTokens
internal import YAML

/// Reads the whole file into the model. Problems go to the collector; reading goes on with defaults.
struct ConfigurationReader {
    let collector: ProblemCollector
    /// Where relative paths begin.
    let folder: String

    func read(_ root: YAMLNode) -> WebhookConfiguration {
        var configuration = WebhookConfiguration()
        guard root.mapping != nil else {
            collector.add("", root, "the file must be a mapping of fields, not \(root.kindName)")
            return configuration
        }
        var file = Section(root, path: "", collector: collector)
        fixed(&file, "apiVersion", "kube-entra.dev/v1")
        fixed(&file, "kind", "WebhookConfiguration")
        configuration.server = server(file.section("server"))
        configuration.tenants = tenants(&file)
        configuration.kubernetes = kubernetes(file.section("kubernetes"))
        configuration.limits = limits(file.section("limits"))
        configuration.verifiedTokenCache = tokenCache(file.section("verifiedTokenCache"))
        configuration.logging = logging(file.section("logging"))
        configuration.names = file.optional("names", path)
        file.finish()
        return configuration
    }

    private func fixed(_ file: inout Section, _ name: String, _ expected: String) {
        _ = file.required(name, "write \(name): \(expected)") { field in
            field.node.text == expected ? expected : field.refuse("must be \(expected)")
        }
    }

    // MARK: Server

    private func server(_ given: Section) -> ServerSettings {
        var section = given
        var server = ServerSettings()
        server.listen = section.field("listen", default: server.listen, address)
        server.eventLoops = section.optional("eventLoops", eventLoops) ?? nil
        server.operations = section.field("operations", default: server.operations, address)
        server.certificate =
            section.required(
                "certificate", "the server's certificate chain in PEM, made by `kube-entra certs create`", path) ?? ""
        server.privateKey =
            section.required("privateKey", "the private key of the server's certificate in PEM", path) ?? ""
        server.clientCA = section.optional("clientCA", path)
        server.allowedClientNames = section.list("allowedClientNames", default: []) { $0.nonEmptyText() }
        server.protocols = section.field("protocols", default: server.protocols) { field in
            field.nonEmptyList("list http/1.1, h2 or both") { element in
                guard let name = element.node.text, ["http/1.1", "h2"].contains(name) else {
                    return element.refuse("must be http/1.1 or h2")
                }
                return name
            }
        }
        server.insecureAllowAnyClient = section.field("insecureAllowAnyClient", default: false) { $0.bool() }
        server.cryptography = section.field("cryptography", default: server.cryptography) { $0.choice() }
        checkCallers(server, &section)
        if server.listen.overlaps(server.operations), let node = section.value("operations") {
            collector.add(section.fieldPath("operations"), node, "must be another address than server.listen")
        }
        section.finish()
        return server
    }

    private func checkCallers(_ server: ServerSettings, _ section: inout Section) {
        if server.insecureAllowAnyClient {
            if let node = section.value("clientCA") {
                collector.add(
                    section.fieldPath("clientCA"), node,
                    "contradicts insecureAllowAnyClient: true; remove one of them")
            }
            if let node = section.value("allowedClientNames"), !server.allowedClientNames.isEmpty {
                collector.add(
                    section.fieldPath("allowedClientNames"), node,
                    "has no effect with insecureAllowAnyClient: true; remove one of them")
            }
        } else if !section.has("clientCA") {
            section.missing(
                "clientCA",
                "callers must present a certificate from this CA; to do without, set insecureAllowAnyClient: true")
        }
    }

    /// A number, or nil for `auto`; nil of the outer optional when it is neither.
    private func eventLoops(_ field: Field) -> Int?? {
        if field.node.text == "auto" { return .some(nil) }
        guard let count = field.node.integer, (1...256).contains(count) else {
            return field.refuse("must be auto or a whole number between 1 and 256")
        }
        return count
    }

    private func address(_ field: Field) -> ListenAddress? {
        guard let text = field.scalar() else { return nil }
        guard let address = ListenAddress(text) else {
            return field.refuse("must be host:port, for example 127.0.0.1:8443 or [::1]:8443")
        }
        return address
    }

    /// A path, resolved against the file's folder.
    func path(_ field: Field) -> String? {
        guard let text = field.nonEmptyText() else { return nil }
        if text.utf8.first == UInt8(ascii: "/") { return text }
        return folder == "/" ? "/" + text : folder + "/" + text
    }

    // MARK: Kubernetes

    private func kubernetes(_ given: Section) -> KubernetesPolicy {
        var section = given
        var policy = KubernetesPolicy()
        policy.adminGroups = section.field("adminGroups", default: policy.adminGroups) { $0.list(groupName) }
        policy.username = section.field("username", default: policy.username) { $0.choice() }
        policy.usernamePrefix = section.field("usernamePrefix", default: "") { field in
            guard let text = field.text() else { return nil }
            return text.utf8.starts(with: "system:".utf8)
                ? field.refuse("must not begin with system:, since nobody could sign in with such a name") : text
        }
        policy.groupObjectIDs = section.field("groupObjectIDs", default: policy.groupObjectIDs) { $0.choice() }
        policy.groupPrefix = section.field("groupPrefix", default: "") { field in
            guard let text = field.text() else { return nil }
            return text.utf8.starts(with: "system:".utf8)
                ? field.refuse("must not begin with system:, since no group may be called so by its object ID") : text
        }
        section.finish()
        return policy
    }

    func groupName(_ field: Field) -> String? {
        field.nonEmptyText()
    }

    // MARK: Limits, cache, log

    private func limits(_ given: Section) -> LimitSettings {
        var section = given
        var limits = LimitSettings()
        limits.tokenBytes = section.field("tokenBytes", default: limits.tokenBytes) { $0.count() }
        limits.headerBytes = section.field("headerBytes", default: limits.headerBytes) { $0.count() }
        limits.bodyBytes = section.field("bodyBytes", default: limits.bodyBytes) { $0.count() }
        limits.bytesInFlight = section.field("bytesInFlight", default: limits.bytesInFlight) { $0.count() }
        limits.connections = section.field("connections", default: limits.connections) { $0.count(to: 1_000_000) }
        limits.connectionsPerPeer = section.optional("connectionsPerPeer") { $0.count(to: 1_000_000) }
        limits.streamsPerConnection = section.field("streamsPerConnection", default: limits.streamsPerConnection) {
            $0.count(to: 1_000_000)
        }
        limits.handshakeTimeout = section.field("handshakeTimeout", default: limits.handshakeTimeout) { $0.duration() }
        limits.requestTimeout = section.field("requestTimeout", default: limits.requestTimeout) { $0.duration() }
        limits.idleTimeout = section.field("idleTimeout", default: limits.idleTimeout) { $0.duration() }
        limits.reviewDeadline = section.field("reviewDeadline", default: limits.reviewDeadline) { $0.duration() }
        limits.clockSkew = section.field("clockSkew", default: limits.clockSkew) { $0.duration(from: .zero) }
        section.finish()
        return limits
    }

    private func tokenCache(_ given: Section) -> TokenCacheSettings {
        var section = given
        var cache = TokenCacheSettings()
        cache.entries = section.field("entries", default: cache.entries) { $0.count(from: 0, to: 10_000_000) }
        cache.maximumAge = section.field("maximumAge", default: cache.maximumAge) { $0.duration() }
        section.finish()
        return cache
    }

    private func logging(_ given: Section) -> LoggingSettings {
        var section = given
        var logging = LoggingSettings()
        logging.level = section.field("level", default: logging.level) { $0.choice() }
        logging.format = section.field("format", default: logging.format) { $0.choice() }
        logging.audit = section.optional("audit", path)
        section.finish()
        return logging
    }
}
