public import AccessPolicy
import Configuration
public import Entra
import SafeText
public import Terminal
public import Timestamps

/// Where `deny` finds the list that it edits: the list itself, or a configuration that names it.
public struct DenyListSource: Sendable {
    /// The list.
    public var file: String?
    /// The webhook's configuration.
    public var config: String?

    public init(file: String?, config: String?) {
        self.file = file
        self.config = config
    }

    /// A list, and where it is in force.
    public struct Found: Sendable {
        /// The list's path.
        public var path: String
        /// One line for people: which webhooks follow the list.
        public var scope: String
        /// The configuration's own entries, which are in force as well, and which `deny` does not edit.
        public var denied: [DeniedEntry] = []

        /// What people should know about these: they are not in the list.
        ///
        /// - Parameter target: whose entries; nil for all.
        public func ownEntries(of target: DeniedEntry.Target? = nil, at now: Timestamp) -> [String] {
            denied.filter { target == nil || $0.target == target }.map {
                "also denied, by the configuration's own `denied`, where it must be changed: \($0.line(at: now))"
            }
        }
    }

    /// - Throws: ``UsageProblem`` unless there is exactly one of both.
    public func check() throws(UsageProblem) {
        switch (file, config) {
        case (nil, nil): throw UsageProblem("give --config, the webhook's configuration, or --file, the list itself")
        case (_?, _?): throw UsageProblem("give --config or --file, not both")
        case (nil, _?), (_?, nil): return
        }
    }

    /// Finds the list. The file itself is not read.
    ///
    /// - Parameter tenantID: the tenant of a token, whose list alone locks its owner out; nil if it is not known.
    /// - Throws: ``ConfigurationError`` if the configuration is invalid; `CommandFailure` if it names no list for the
    ///   tenant, or several and no tenant is known.
    public func find(tenantID: GUID? = nil) throws -> Found {
        guard let config else {
            let path = file ?? ""
            return Found(
                path: path,
                scope: "\(path): in force only where a webhook's configuration names this file as deniedFile; every"
                    + " control-plane node has its own")
        }
        let configuration = try ConfigurationLoader.load(path: config).configuration
        let paths = DenyFiles.paths(configuration).map(\.text).sorted()
        guard let first = paths.first else { throw noList(config) }
        let own = try tenantID.map { try list(of: $0, configuration, config) }
        guard let path = own ?? (paths.count == 1 ? first : nil) else {
            throw CommandFailure(
                "\(config): its tenants have different deny lists: \(paths.joined(separator: ", "))",
                hint: "choose one with --file")
        }
        let without = configuration.tenants.filter { $0.deniedFile == nil }.map(\.trust.tenantID.description)
        let others = without.isEmpty ? "" : ", and not for \(without.joined(separator: ", ")), without deniedFile"
        return Found(
            path: path,
            scope: "\(path): in force within two seconds where a webhook runs with this configuration\(others); every"
                + " control-plane node has its own", denied: configuration.tenants.flatMap(\.policy.denied))
    }

    /// The list that the webhook reads for a tenant's tokens. An entry in another one would lock nobody out.
    private func list(of tenantID: GUID, _ configuration: WebhookConfiguration, _ config: String) throws -> String {
        guard let tenant = configuration.tenants.first(where: { $0.trust.tenantID == tenantID }) else {
            throw CommandFailure(
                "\(config): the token is from the tenant \(tenantID), and tokens of that tenant are not accepted",
                hint: "`kube-entra inspect --config \(ShellWord.quoted(config))` says what is accepted")
        }
        guard let path = tenant.deniedFile else {
            throw CommandFailure(
                "\(config): the token is from the tenant \(tenantID), which has no deniedFile, so no list can lock its"
                    + " owner out",
                hint: advice(config))
        }
        return path
    }

    private func noList(_ config: String) -> CommandFailure {
        CommandFailure(
            "\(config): no tenant has deniedFile, so the webhook reads no deny list", hint: advice(config))
    }

    private func advice(_ config: String) -> String {
        let folder = config.lastIndex(of: "/").map { String(config[...$0]) } ?? ""
        return DenyFile.advice(folder: folder) + "; a running webhook follows by itself"
    }
}
