import Addresses
import Certificates
import Configuration
public import Jansson
import OpenSSL
import SafeText
import Terminal
import Timestamps

/// The state of a node, with hashes to compare nodes.
public struct InstallationStatus {
    /// Whether people can sign in: kube-apiserver has the flags and gets answers from the webhook.
    public enum State: String, Sendable {
        case enabled, disabled
        /// An earlier run did not finish.
        case halfDone
        /// The flags exist, but sign-in does not work, or does not survive a restart.
        case broken
    }

    struct FileHash {
        var path: String
        var sha256: String
        /// When a certificate expires.
        var expires: Timestamp?
        /// Whole days until then, negative ones after it; nil if that is not known, or far away.
        var daysLeft: Int64?

        var json: JSON {
            .object([
                ("path", .string(path)), ("sha256", .string(sha256)), ("notAfter", JSON(expires?.rfc3339)),
                ("endsInDays", daysLeft.map { .integer($0) } ?? .null),
            ])
        }

        /// For people.
        var validity: String {
            guard let expires else { return "" }
            let end = daysLeft.map { ", \(Installer.ending($0))" } ?? ""
            return ", valid until \(expires.rfc3339.prefix(10))\(end)"
        }
    }

    /// Whether people can sign in.
    public internal(set) var state = State.disabled
    var distribution: Distribution
    var service: String?
    var direction: String?
    var step: String?
    var hasFlags = false
    var webhook: (isReady: Bool, detail: String) = (false, "")
    /// Whether there is a configuration that cannot be used.
    var isConfigurationDamaged = false
    /// Why the webhook is not ready; nil if it is, or if there is no configuration to find its port in.
    var obstacleToReadiness: String?
    /// Whether this node's API server calls the webhook, and whether it gets an answer.
    var apiServer: (asksWebhook: Bool, reachesWebhook: Bool, detail: String) = (false, false, "")
    /// What would keep the webhook or kube-apiserver from starting again, and what to do; nil if nothing was found.
    var obstacleToRestart: (message: String, next: String)?
    /// What to do about an API server that gave no usable answer; nil if that is not known.
    var hintOfAPIServer: String?
    /// The addresses at which this node's API server and the cluster are asked, if others may answer there.
    var nodeDetour: String?
    var clusterDetour: String?
    var configurationSHA256: String?
    var certificates: [FileHash] = []
    /// What to do about certificates in their last month, or after their end; nil if there are none.
    var renewal: String?
    /// Nil if there is no configuration.
    var denyLists: DenyListStatus?
    /// Nil without `--authorization-config`.
    var authorizer: AuthorizerStatus?
    /// The other control-plane nodes whose statuses were passed in.
    public var comparisons: [NodeComparison] = []
    /// Nil if the cluster is not kubeadm's.
    var kubeadm: KubeadmConfiguration?
    /// The admins' ClusterRoleBinding; nil if there is none or it cannot be read.
    var binding: AdminBinding?
    /// Other control-plane nodes that use the webhook; nil if they were not looked for.
    var others: OtherAPIServers?
    /// Those that do not.
    var withoutWebhook: OtherAPIServers?
    /// Other files with a kube-apiserver in the kubelet's folder.
    var otherManifests: [String] = []
    /// Files in the kubelet's folder that run a webhook which `enable` did not start.
    var otherWebhookPods: [String] = []
    /// Whether an `enable` or `disable` is running now.
    var isRunning = false
    /// What to do next; nil if there is nothing to do.
    public internal(set) var next: String?

    /// The state for programs.
    public var json: JSON {
        let unfinished: JSON? = step.map { .object([("direction", JSON(direction)), ("step", .string($0))]) }
        let webhook: JSON = .object([("ready", .bool(webhook.isReady)), ("detail", .string(webhook.detail))])
        let apiServer: JSON = .object([
            ("asksWebhook", .bool(apiServer.asksWebhook)), ("reachesWebhook", .bool(apiServer.reachesWebhook)),
            ("detail", .string(apiServer.detail)),
        ])
        let detours: JSON = .object([("apiServer", JSON(nodeDetour)), ("cluster", JSON(clusterDetour))])
        let lists: JSON = denyLists?.json ?? .array([])
        let listed: JSON = kubeadm?.hasFlags.map { .bool($0) } ?? .null
        return .object([
            ("enabled", .bool(state == .enabled)),
            ("state", .string(state.rawValue)),
            ("distribution", .string(distribution.rawValue)),
            ("as", JSON(service)),
            ("flags", .bool(hasFlags)),
            ("webhook", webhook),
            ("apiServer", apiServer),
            ("obstacleToRestart", JSON(obstacleToRestart?.message)),
            ("askedElsewhere", detours),
            ("configurationSHA256", JSON(configurationSHA256)),
            ("certificates", .array(certificates.map(\.json))),
            ("denyLists", lists),
            ("tenantsWithoutDenyList", JSON(denyLists?.tenantsWithout ?? [])),
            ("authorizer", authorizer?.json ?? .null),
            ("kubeadmConfigHasFlags", listed),
            ("kubeadmConfigProblem", JSON(kubeadm?.problem)),
            ("unfinished", unfinished ?? .null),
            ("clusterRoleBinding", binding?.json ?? .null),
            ("otherManifests", JSON(otherManifests)),
            ("otherWebhookPods", JSON(otherWebhookPods)),
            ("otherNodes", InstallationStatus.json(others)),
            ("nodesWithoutWebhook", InstallationStatus.json(withoutWebhook)),
            ("running", .bool(isRunning)),
            ("next", JSON(next)),
            ("compared", .array(comparisons.map(\.json))),
        ])
    }

    /// The names of nodes; null if they are not known.
    private static func json(_ nodes: OtherAPIServers?) -> JSON {
        switch nodes {
        case .none?: JSON([])
        case .these(let names)?: JSON(names)
        case .unknown?, nil: .null
        }
    }

    /// The state for people.
    public var text: String {
        let readiness = webhook.isReady ? "ready" : isConfigurationDamaged ? "not known" : "not ready"
        var lines: [(String, String)] = [
            ("state", stateText), ("distribution", distribution.rawValue),
            ("flags", hasFlags ? "kube-apiserver has them" : "kube-apiserver does not have them"),
            ("webhook", webhook.detail.isEmpty ? readiness : "\(readiness): \(webhook.detail)"),
            ("api server", apiServer.detail),
        ]
        if let obstacleToRestart { lines.append(("restart", obstacleToRestart.message)) }
        if let clusterDetour, nodeDetour == nil {
            lines.append(("cluster", "asked at \(clusterDetour): this node's own API server did not answer"))
        }
        if let sentence = OtherManifests.sentence(otherManifests) {
            lines.append(("manifests", "\(sentence); \(OtherManifests.advice)"))
        }
        if let sentence = OtherManifests.sentence(webhookPods: otherWebhookPods) {
            lines.append(("manifests", sentence))
        }
        if let text = kubeadm.flatMap(kubeadmText) { lines.append(("kubeadm", text)) }
        if let binding {
            let note = binding.isOurs && !binding.isUnchanged ? ", changed since enable made it" : ""
            let role = PrintableText.clean(binding.role ?? "no role", maximum: 200)
            lines.append(("admins", "\(binding.groups.joined(separator: ", ")): bound to \(role)\(note)"))
        }
        if let authorizer { lines.append(("authorizer", authorizer.text)) }
        switch others {
        case .these(let nodes)?: lines.append(("other nodes", "\(nodes.joined(separator: ", ")): ask the webhook too"))
        case .unknown(let reason)?: lines.append(("other nodes", "not known: \(reason)"))
        case .none?, nil: break
        }
        lines.append(("configuration", configurationSHA256.map { "SHA-256 \($0)" } ?? "none"))
        for file in certificates {
            lines.append(
                (
                    file.path.split(separator: "/").last.map(String.init) ?? "",
                    "SHA-256 \(file.sha256.prefix(16))…\(file.validity)"
                ))
        }
        for line in denyLists?.lines ?? [] { lines.append(("deny list", line)) }
        for comparison in comparisons { lines.append(("compared with", comparison.text)) }
        if let next { lines.append(("next", next)) }
        return PrintableText.page(
            lines.map { name, text in name + String(repeating: " ", count: max(1, 15 - name.count)) + text })
    }

    private func kubeadmText(_ kubeadm: KubeadmConfiguration) -> String? {
        guard let isThere = kubeadm.hasFlags else {
            return kubeadm.problem.map { PrintableText.clean($0, maximum: 600) }
        }
        return switch (hasFlags, isThere) {
        case (true, true): "keeps the flags in upgrades; \(Installer.joining)\(upgradeText)"
        case (true, false): "would lose the flags in an upgrade"
        case (false, true): "has the flags, which this node does not have; \(Installer.upgrading(["this node"]))"
        case (false, false): "does not have the flags"
        }
    }

    private var upgradeText: String {
        if case .these(let nodes)? = withoutWebhook { "; \(Installer.upgrading(nodes))" } else { "" }
    }

    private var worksUntilRestart: Bool {
        apiServer.reachesWebhook && obstacleToReadiness == nil && obstacleToRestart != nil
    }

    private var stateText: String {
        switch state {
        case .enabled: "enabled: people sign in with Microsoft Entra"
        case .disabled: "not enabled"
        case .halfDone: "half done: `\(direction ?? "enable")` stopped at the step \(step ?? "")"
        case .broken where worksUntilRestart: "enabled, but it does not survive a restart"
        case .broken: "enabled, but it does not work"
        }
    }
}

extension Installer {
    /// Reads the state of the node and changes nothing.
    ///
    /// - Throws: `CommandFailure` if a file cannot be read.
    public func status(_ distribution: Distribution) throws -> InstallationStatus {
        var status = InstallationStatus(distribution: distribution)
        status.service = journal?.service
        if let journal, journal.step != .done {
            status.step = journal.step.rawValue
            status.direction = journal.direction.rawValue
        }
        let flagFile = try files.content(distribution.flagFile)
        status.hasFlags = flagFile.map { APIServerFiles.asks($0, distribution, flags) } ?? false
        status.authorizer = authorizerStatus(distribution, flagFile)
        let loaded = nodeConfiguration
        status.configurationSHA256 = loaded?.contentSHA256
        if let configuration = loaded?.configuration {
            let operations = configuration.server.operations
            let obstacle = environment.obstacleToReadiness(operations.host, operations.port)
            status.webhook = (obstacle == nil, obstacle ?? "")
            status.obstacleToReadiness = obstacle
            status.denyLists = DenyListStatus(configuration, root: files.root, now: environment.now())
            let paths = CertificatePaths(configuration, root: files.root)
            var seen: Set<String> = []
            for path in [paths.authority, paths.clientAuthority ?? paths.authority, paths.certificate, paths.client]
            where files.exists(path) && seen.insert(path).inserted {
                let bytes = try files.read(path)
                let expires = (try? Certificate.chain(fromPEM: bytes))?.map(\.notAfter).min()
                let days = expires.map { Installer.days(until: $0, environment.now()) }
                status.certificates.append(
                    .init(
                        path: path, sha256: NodeFiles.digest(bytes), expires: expires,
                        daysLeft: days.flatMap { $0 < Installer.renewalDays ? $0 : nil }))
            }
            status.renewal = renewal(status.certificates, paths)
        } else {
            status.isConfigurationDamaged = isConfigurationDamaged
            let damage = "its configuration has errors, so its port is not known"
            status.webhook = (false, isConfigurationDamaged ? damage : "not installed")
        }
        var isAnswering = true
        switch askAPIServer(nodeIssuer) {
        case .asked: status.apiServer = (true, true, "answers through the webhook (\(ProbeToken.expected))")
        case .notAsked(let said?) where ProbeToken.isCall(said):
            status.apiServer = (true, false, "asks the webhook, and cannot reach it: \(said)")
        case .notAsked where isConfigurationDamaged && knownIssuer == nil:
            status.apiServer.detail = "answers; whether it asks the webhook is not known without its configuration"
        case .notAsked(let said):
            status.apiServer.detail = "does not ask the webhook" + (said.map { ": \($0)" } ?? "")
        case .failed(let reason, let hint):
            status.hintOfAPIServer = hint
            status.apiServer.detail = (hint == nil ? "does not answer: " : "cannot be asked: ") + reason
            isAnswering = false
        }
        status.nodeDetour = environment.detour(.node)
        if let nodeDetour { status.apiServer.detail += "; \(nodeDetour)" }
        if isAnswering || isClusterAnswering {
            if distribution == .kubeadm { status.kubeadm = kubeadmConfiguration() }
            status.binding = (try? adminBinding()).flatMap { $0 }
            status.others = otherAPIServers(distribution)
            if distribution == .kubeadm { status.withoutWebhook = otherAPIServers(distribution, callers: false) }
        } else if distribution == .kubeadm {
            status.kubeadm = .unreadable("no API server of the cluster answers")
        }
        status.clusterDetour = environment.detour(.cluster)
        status.otherManifests = OtherManifests.paths(distribution, files: files)
        status.otherWebhookPods = OtherManifests.webhookPods(distribution, files: files, journal: journal)
        status.isRunning = InstallationLock.isHeld(files)
        if status.hasFlags { status.obstacleToRestart = obstacleToRestart(loaded) }
        evaluate(&status)
        if status.next == nil, !status.otherManifests.isEmpty {
            status.next = "move \(status.otherManifests.joined(separator: ", ")) to another folder"
        }
        let hasEnded = status.certificates.contains { $0.daysLeft ?? 0 < 0 }
        if status.next == nil || (hasEnded && status.state == .broken) { status.next = status.renewal }
        if status.next == nil, let list = status.denyLists?.unusable {
            status.next = "repair \(list.path): the webhook does not start with it"
        }
        return status
    }

    /// What to do about the certificates that end first; nil if none is in its last month.
    private func renewal(_ certificates: [InstallationStatus.FileHash], _ paths: CertificatePaths) -> String? {
        guard let file = certificates.filter({ $0.daysLeft != nil }).min(by: { $0.daysLeft ?? 0 < $1.daysLeft ?? 0 }),
            let days = file.daysLeft
        else { return nil }
        let isLeaf = paths.leaves.contains { ExactText($0) == ExactText(file.path) }
        let ownObstacle = try? obstacleToRenewal(paths)
        let obstacle = isLeaf ? ownObstacle : "make a new CA, and certificates from it"
        let action = obstacle.map { "\($0); then restart kube-apiserver" } ?? "`kube-entra enable` renews it"
        return "\(PrintableText.clean(file.path, maximum: 300)) \(Installer.ending(days)): \(action)"
    }
}
