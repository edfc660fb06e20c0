import AccessPolicy
import Certificates
import Configuration
import Entra
import Files
import SafeText
import Terminal
import YAML

/// What will be on the node. All of it is known before anything is changed.
struct InstallationPlan {
    /// A file of the plan.
    struct PlannedFile {
        var path: String
        var bytes: [UInt8]
        var mode: UInt32
        var owner: FileOwner
    }

    /// Who owns a file of the plan.
    enum FileOwner {
        /// The webhook's user.
        case service
        /// Root; the webhook's group may read it.
        case rootForService
        case root
    }

    var request: InstallationRequest
    /// The configuration as the webhook will read it on the node.
    var loaded: LoadedConfiguration
    /// The configuration's text, if it must be written.
    var configurationText: [UInt8]?
    /// Whether every user may read it.
    var isConfigurationOpen = true
    /// Whether the configuration is made here, and with it the empty deny list that it names.
    var makesDenyList = false
    /// Files that are copied together with the configuration.
    var carried: [PlannedFile]

    var configuration: WebhookConfiguration { loaded.configuration }

    /// Whether a file is copied to this path.
    func carries(_ path: String) -> Bool { carried.contains { ExactText($0.path) == ExactText(path) } }

    init(_ request: InstallationRequest, files: NodeFiles) throws {
        self.request = request
        carried = []
        let present = try files.content(NodePath.configuration)
        let text: [UInt8]
        var folder: ConfigurationFolder?
        switch request.source {
        case .present:
            guard let present else {
                throw CommandFailure(
                    "\(NodePath.configuration) is not there yet",
                    hint: "give --tenant-id, --audience and --admin-group,"
                        + " or --config", status: .usage)
            }
            text = present
        case .values(let tenantID, let audiences, let adminGroups, let cloud):
            text = try present ?? InstallationPlan.template(tenantID, audiences, adminGroups, cloud)
        case .file(let path):
            let source = try ConfigurationFolder(of: path)
            text = source.configuration.bytes
            // Below it is read as the node's own, whose path would be named beside an error of this one.
            _ = try InstallationPlan.parse(text, at: source.path)
            isConfigurationOpen = source.configuration.mode & 0o004 != 0
            folder = source
        }
        loaded = try InstallationPlan.parse(text, at: files.root + NodePath.configuration)
        configurationText = present == nil ? text : nil
        switch request.source {
        case .present: break
        case .values(let tenantID, let audiences, let adminGroups, _):
            try checkSame(tenantID, audiences, adminGroups)
            makesDenyList = present == nil
            if makesDenyList { try InstallationPlan.checkDenyList(files) }
        case .file(let path):
            if let present, present != text {
                throw CommandFailure(
                    "\(NodePath.configuration) is there and is not the same as \(path)",
                    hint: "compare them: kube-entra policy diff \(NodePath.configuration)"
                        + " \(ShellWord.quoted(path)); a running webhook takes a changed file by itself, so copy it"
                        + " there and run enable again")
            }
            if let folder, ExactText(files.root + NodePath.configuration) != ExactText(folder.path) {
                try carry(from: folder, files: files)
            }
        }
    }

    private static func parse(_ text: [UInt8], at path: String) throws -> LoadedConfiguration {
        do throws(ConfigurationError) {
            return try ConfigurationLoader.parse(text, path: path)
        } catch {
            throw CommandFailure(
                "the configuration has errors",
                details: error.problems.map(\.description),
                hint: "put them right; kube-entra config check \(ShellWord.quoted(path)) says what to do, and more than"
                    + " errors")
        }
    }

    private static func template(
        _ tenantID: GUID, _ audiences: [String], _ adminGroups: [GUID], _ cloud: Cloud
    ) throws -> [UInt8] {
        var template = ConfigurationTemplate(
            tenantID: tenantID, audiences: audiences, adminGroups: adminGroups, cloud: cloud)
        template.deniedFile = NodePath.deniedList.split(separator: "/").last.map(String.init)
        do throws(YAMLEditError) {
            var editor = try YAMLEditor(Array(template.render().utf8))
            // With this file, the webhook can start while Entra is unreachable.
            try editor.set(
                "cacheFile", .string(NodePath.state + "/keys.json"),
                in: [.key("tenants"), .index(0), .key("signingKeys")])
            return editor.bytes
        } catch {
            throw CommandFailure("the configuration cannot be written: \(ManifestProblem(error).sentence)")
        }
    }

    /// Fails if there is a file in the deny list's place that the webhook could not use, perhaps from an earlier
    /// `enable`.
    private static func checkDenyList(_ files: NodeFiles) throws {
        guard let bytes = try files.content(NodePath.deniedList) else { return }
        do throws(DenyFileError) {
            _ = try DenyFile.parse(bytes)
        } catch {
            throw CommandFailure(
                "\(NodePath.deniedList) is there already, and is no deny list: \(error.sentence)",
                hint: "repair it, or move it away for an empty list, then run enable again")
        }
    }

    /// Fails if the request and the existing configuration differ.
    private func checkSame(_ tenantID: GUID, _ audiences: [String], _ adminGroups: [GUID]) throws {
        let tenant = configuration.tenants.first { $0.trust.tenantID == tenantID }
        let different =
            tenant == nil
            ? "--tenant-id"
            : audiences.contains { !(tenant?.trust.audiences.contains(ExactText($0)) ?? false) }
                ? "--audience"
                : adminGroups.contains { !(tenant?.policy.adminGroupObjectIDs.contains($0) ?? false) }
                    ? "--admin-group" : nil
        guard let different else { return }
        throw CommandFailure(
            "\(NodePath.configuration) is there and does not have this \(different)",
            hint: "change the file (a running webhook takes it by itself), or run `kube-entra disable` first")
    }

    private func missingDenyList(_ path: String) -> CommandFailure {
        CommandFailure(
            "\(path): there is no such file, and deniedFile names it",
            hint: DenyFile.origin(path))
    }

    /// Files beside the configuration that it names are copied to the same places beside the new one.
    private mutating func carry(from folder: ConfigurationFolder, files: NodeFiles) throws {
        let source = try InstallationPlan.parse(folder.configuration.bytes, at: folder.path).configuration
        // Also files that are not there: the webhook or `enable` would make some of them.
        for file in source.files { try folder.checkName(file.path) }
        func named(_ configuration: WebhookConfiguration) -> [(path: String, role: FileRole)] {
            configuration.files.filter { !$0.role.isWritten }.map { ($0.path, $0.role) }
        }
        var pairs: [(from: String, to: String, role: FileRole?)] = zip(named(source), named(configuration)).map {
            (from: $0.0.path, to: $0.1.path, role: $0.0.role)
        }
        // kube-apiserver's files, where `certs create` leaves them.
        let names = [
            CertificateFolder.FileName.authority, CertificateFolder.FileName.client,
            CertificateFolder.FileName.clientKey,
        ]
        let beside = [source.server.certificate, configuration.server.certificate].map(NodePath.folder)
        let apiServerFiles = names.map { (from: "\(beside[0])/\($0)", to: "\(beside[1])/\($0)", role: FileRole?.none) }
        pairs += apiServerFiles
        for pair in pairs {
            let target = pair.to.hasPrefix(files.root) ? String(pair.to.dropFirst(files.root.count)) : pair.to
            let isInPlace = ExactText(pair.from) == ExactText(pair.to)
            guard let copied = isInPlace ? nil : try folder.read(pair.from) else {
                // Not made here: people would no longer be locked out who were.
                guard pair.role != .deniedList || files.exists(target) else { throw missingDenyList(pair.from) }
                continue
            }
            guard target.hasPrefix(NodePath.home + "/"), !carries(target) else {
                continue
            }
            let isDenyList = pair.role == .deniedList
            let isClientKey = pair.from.hasSuffix("/" + CertificateFolder.FileName.clientKey)
            if let there = try files.content(target) {
                guard there == copied.bytes else {
                    throw CommandFailure("\(target) is there and is not the same as \(pair.from)")
                }
                continue
            }
            let isPrivate = isClientKey || pair.role?.isSecret ?? false
            // Only root writes the deny list, and the webhook must read it whatever its author's permissions were.
            let mode: UInt32 =
                isDenyList ? 0o640 | copied.mode & 0o004 : (isPrivate ? 0o600 : 0o644) & copied.mode
            carried.append(
                PlannedFile(
                    path: target, bytes: copied.bytes, mode: mode,
                    owner: isClientKey ? .root : isDenyList ? .rootForService : .service))
        }
    }
}
