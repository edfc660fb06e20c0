import AccessPolicy
import Configuration
import Jansson
import OpenSSL
import SafeText
import Terminal

/// Objects in the cluster itself: the admins' binding, and kubeadm's configuration.
extension Installer {
    private static let clusterConfiguration = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"

    // Admins

    func bindAdmins(_ plan: InstallationPlan) throws {
        let groups = plan.configuration.kubernetes.adminGroups.map(\.text)
        guard plan.request.binds else {
            let command = AdminBinding.command(groups)
            return say(.bind, "not asked for (--bind); the command for it is: \(command)")
        }
        let there = try adminBinding()
        sayClusterDetour()
        if let obstacle = bindingObstacle(plan, to: there) { throw obstacle }
        guard there == nil else {
            return say(.bind, "\(groups.joined(separator: ", ")) is bound to cluster-admin")
        }
        journal?.bindings = [AdminBinding.name]
        journal?.boundGroups = groups
        try saveJournal()
        let answer = askCluster(
            .post, AdminBinding.collection, AdminBinding.object(groups).render())
        do {
            _ = try success(answer, "the group cannot be bound")
        } catch let failure as CommandFailure {
            throw CommandFailure(
                failure.sentence,
                hint: "run enable without --bind, then as an admin of the cluster: \(AdminBinding.command(groups))")
        }
        say(.bind, "bound \(groups.joined(separator: ", ")) to cluster-admin")
    }

    /// Why the admins' group cannot be bound; nil if it can, or if this run does not bind it.
    ///
    /// - Parameter there: the existing binding; nil if there is none, or if it cannot be read.
    func bindingObstacle(_ plan: InstallationPlan, to there: AdminBinding?) -> CommandFailure? {
        let groups = plan.configuration.kubernetes.adminGroups.map(\.text)
        guard plan.request.binds else { return nil }
        guard !groups.isEmpty else {
            return CommandFailure("kubernetes.adminGroups is empty: there is no group to bind")
        }
        // The configuration has no built-in group here, but it can have another one of Kubernetes' own parts.
        if let reserved = groups.first(where: { AccessPolicy.isReserved($0) && ExactText($0) != "system:masters" }) {
            return CommandFailure(
                "\(reserved) is reserved for Kubernetes' own parts, so --bind does not make it cluster-admin",
                hint: "name a group of your own in kubernetes.adminGroups, or bind it yourself and leave --bind out")
        }
        guard let there, !there.binds(groups) else { return nil }
        let name = "the ClusterRoleBinding \(AdminBinding.name)"
        let anew = "\(AdminBinding.removal) && \(AdminBinding.command(groups))"
        guard there.givesAdmin else {
            let role = there.role.map { PrintableText.clean($0, maximum: 200) } ?? "another kind of role"
            return CommandFailure(
                "\(name) is there and gives \(role), not cluster-admin: the role of a binding cannot be changed",
                hint: "make it anew: \(anew); or leave --bind out, and it stays as it is")
        }
        return CommandFailure(
            "\(name) is there and names other groups",
            hint: "make it anew: \(anew); or bind the group yourself and leave --bind out")
    }

    /// The binding; nil if it does not exist.
    func adminBinding() throws -> AdminBinding? {
        let answer = askCluster(.get, AdminBinding.path, [])
        if case .status(404, _) = answer { return nil }
        return AdminBinding(try success(answer, "the ClusterRoleBinding cannot be read"))
    }

    /// Removes the binding if `enable` made it and nobody has changed it since.
    private func removeBinding() {
        let name = "the ClusterRoleBinding \(AdminBinding.name)"
        do {
            guard let binding = try adminBinding() else { return }
            // The journal knows one that has lost its annotation.
            let isKnown = !(journal?.bindings.isEmpty ?? true) && binding.binds(only: journal?.boundGroups ?? [])
            guard binding.isUnchanged || (!binding.isOurs && isKnown) else {
                guard binding.isOurs || !(journal?.bindings.isEmpty ?? true) else { return }
                return say(.bind, "\(name) was changed since, so it stays: \(AdminBinding.removal)")
            }
            _ = try success(askCluster(.delete, AdminBinding.path, []), "it cannot be deleted")
            say(.bind, "removed \(name)")
        } catch {
            let reason = (error as? CommandFailure)?.sentence ?? "\(error)"
            say(.bind, "\(name) stays (\(reason)): \(AdminBinding.removal)")
        }
        journal?.bindings = []
    }

    // Asking

    private func askCluster(
        _ method: NodeEnvironment.Method, _ path: String, _ body: [UInt8] = []
    ) -> NodeEnvironment.Answer {
        environment.askAPIServer(.cluster, method, path, body)
    }

    /// Whether any API server of the cluster answers.
    var isClusterAnswering: Bool {
        if case .status = askCluster(.get, AdminBinding.path) { true } else { false }
    }

    /// Where the cluster's objects are read and changed, if not at this node's own API server.
    var clusterDetour: String? {
        guard environment.detour(.node) == nil else { return nil }
        return environment.detour(.cluster).map {
            "its objects are read and changed at \($0), because this node's own API server did not answer"
        }
    }

    /// Says once where the cluster's objects are changed.
    private func sayClusterDetour() {
        guard !hasSaidDetour, let clusterDetour else { return }
        hasSaidDetour = true
        say(named: "cluster", clusterDetour)
    }

    // All nodes together

    /// What `enable` made in the cluster, for all its nodes.
    struct ClusterObjects: Hashable {
        var binding = false
        var configuration = false

        var isEmpty: Bool { !binding && !configuration }

        var text: String {
            [
                binding ? "the ClusterRoleBinding \(AdminBinding.name)" : nil,
                configuration ? "the flags in the ConfigMap kubeadm-config" : nil,
            ].compactMap { $0 }.joined(separator: " and ")
        }
    }

    /// What is in the cluster now.
    ///
    /// - Throws: if the API server cannot be asked.
    func clusterObjects(_ distribution: Distribution) throws -> ClusterObjects {
        var found = ClusterObjects()
        // A binding of an older version has no annotation, but the journal has its name.
        found.binding = try adminBinding().map { $0.isOurs || !(journal?.bindings.isEmpty ?? true) } ?? false
        if distribution == .kubeadm, let (text, _) = try clusterConfiguration() {
            found.configuration = ClusterConfiguration.asks(text, flags)
        }
        return found
    }

    /// The cluster's other API servers: those that call the webhook, or those that do not.
    func otherAPIServers(_ distribution: Distribution, callers: Bool = true) -> OtherAPIServers {
        let answers = [ControlPlane.podsPath, ControlPlane.nodesPath].map { askCluster(.get, $0, []) }
        let lists = answers.compactMap { answer -> [UInt8]? in
            if case .status(200...299, let body) = answer { body } else { nil }
        }
        let areAbsent = answers.allSatisfy { if case .status(404, _) = $0 { true } else { false } }
        // If the API server has no nodes at all, no other node has an API server.
        if areAbsent { return .none }
        guard lists.count == 2, let plane = ControlPlane(pods: lists[0], nodes: lists[1], flags: flags) else {
            return .unknown("the control-plane nodes and their pods cannot be listed")
        }
        var servers: Int?
        if case .status(200...299, let body) = askCluster(.get, ControlPlane.endpointsPath, []) {
            servers = ControlPlane.count(endpoints: body)
        }
        return plane.others(than: nodeName(distribution), servers: servers, callers: callers)
    }

    /// Whether this node's API server runs with the flags, as the node itself shows it in the cluster; nil if that is
    /// not known. The kubelet shows a new pod when the old one has ended.
    func ownAPIServerAsks(_ distribution: Distribution) -> Bool? {
        let lists = [ControlPlane.podsPath, ControlPlane.nodesPath].compactMap { path -> [UInt8]? in
            if case .status(200...299, let body) = environment.askAPIServer(.node, .get, path, []) { body } else { nil }
        }
        guard lists.count == 2 else { return nil }
        return ControlPlane(pods: lists[0], nodes: lists[1], flags: flags)?.usesWebhook(nodeName(distribution))
    }

    /// The name of this node: that of the kubelet's certificate, or the host's.
    private func nodeName(_ distribution: Distribution) -> String {
        let prefix = "system:node:"
        let certificate = (try? files.content(distribution.kubeletCertificate)).flatMap { $0 }
            .flatMap { try? Certificate.chain(fromPEM: $0) }?.first
        if let name = certificate?.commonName, name.hasPrefix(prefix) { return String(name.dropFirst(prefix.count)) }
        return environment.hostName().lowercased()
    }

    /// Removes what `enable` made in the cluster: the flags in kubeadm's configuration, which every control-plane node
    /// gets in an upgrade, with the first node that no longer has the webhook; the binding with the last one.
    ///
    /// - Parameter isLast: whether somebody said that this is the last one.
    func releaseCluster(_ distribution: Distribution, _ objects: ClusterObjects, isLast: Bool) {
        guard !objects.isEmpty else { return }
        sayClusterDetour()
        if objects.configuration { bringClusterConfigurationInLine(distribution, adding: false) }
        guard objects.binding else { return }
        if let obstacle = obstacleToRelease(distribution, objects, isLast: isLast) {
            say(named: "cluster", obstacle)
        } else {
            removeBinding()
        }
    }

    /// Says before anything is changed what will stay in the cluster: whoever knows that this is the last node can
    /// still say so.
    func sayWhatStays(_ distribution: Distribution, isLast: Bool) {
        guard let objects = try? clusterObjects(distribution),
            let obstacle = obstacleToRelease(distribution, objects, isLast: isLast)
        else { return }
        environment.say(PrintableText.line("note: \(obstacle)"))
    }

    /// Why the binding stays; nil if it is removed, or if there is none.
    func obstacleToRelease(_ distribution: Distribution, _ objects: ClusterObjects, isLast: Bool) -> String? {
        guard objects.binding else { return nil }
        let name = "the ClusterRoleBinding \(AdminBinding.name)"
        return switch isLast ? .none : otherAPIServers(distribution) {
        case .none: nil
        case .these(let nodes):
            "\(name) stays for \(nodes.joined(separator: ", ")), whose API servers ask the webhook;"
                + " `kube-entra disable` on the last node removes it"
        case .unknown(let reason):
            "\(name) stays, since other API servers may ask the webhook: \(reason); if none does,"
                + " `kube-entra disable --last-node` removes it"
        }
    }

    /// Removes what an earlier run left in the cluster, on a node that has nothing else of it.
    func removeLeftovers(_ distribution: Distribution, isLast: Bool) {
        let nothing = "nothing to do: kube-apiserver does not ask the webhook, and nothing is half done"
        let found: ClusterObjects
        do {
            found = try clusterObjects(distribution)
        } catch {
            let reason = (error as? CommandFailure)?.sentence ?? "\(error)"
            return environment.say(
                PrintableText.line("\(nothing) on this node; the cluster could not be asked: \(reason)"))
        }
        guard !found.isEmpty else { return environment.say(nothing) }
        releaseCluster(distribution, found, isLast: isLast)
    }

    // kubeadm

    /// `kubeadm join` gives a new API server the flags, whose files it needs then.
    static let joining = "a new control-plane node needs `kube-entra enable --prepare` before `kubeadm join`"

    /// `kubeadm upgrade` gives the flags to the API server of a node without their files too.
    static func upgrading(_ nodes: [String]) -> String {
        "\(nodes.joined(separator: ", ")) needs `kube-entra enable` before `kubeadm upgrade`, or its API server does not"
            + " start again"
    }

    /// What happens while kubeadm's configuration does not have the flags.
    static let losing = "`kubeadm upgrade` takes the flags from a node, and `kube-entra enable` adds them again"

    /// Why the flags are not added to kubeadm's configuration: `kubeadm upgrade` and `kubeadm join` would give them to
    /// an API server without their files, which then does not start. Nil if every control-plane node has the webhook.
    func obstacleToClusterConfiguration(_ distribution: Distribution) -> String? {
        switch otherAPIServers(distribution, callers: false) {
        case .none: nil
        case .these(let nodes):
            "\(nodes.joined(separator: ", ")): no webhook yet; the last control-plane node's `kube-entra enable` adds the"
                + " flags, and until then \(Installer.losing)"
        case .unknown(let reason):
            "it is not known whether every control-plane node has the webhook (\(reason)); if they all do, add the flags"
                + " with: \(KubeadmConfiguration.edit)"
        }
    }

    /// Adds the flags to kubeadm's configuration, so that `kubeadm upgrade` keeps them, or removes them.
    ///
    /// The node works without it. If the change is impossible, a message says how to make it.
    func bringClusterConfigurationInLine(_ distribution: Distribution, adding: Bool) {
        guard distribution == .kubeadm else { return }
        do {
            guard let (old, version) = try clusterConfiguration() else {
                return say(.kubeadm, "the cluster has no ConfigMap kubeadm-config, so kubeadm cannot lose the flags")
            }
            sayClusterDetour()
            let new: [UInt8]
            do throws(ManifestProblem) {
                new =
                    adding
                    ? try ClusterConfiguration.adding(flags, to: old)
                    : try ClusterConfiguration.removing(flags, from: old, keepsMount: hadMount)
            } catch {
                throw CommandFailure(error.sentence)
            }
            guard new != old else {
                guard adding else { return }
                return say(.kubeadm, "the ConfigMap kubeadm-config has the flags; \(advice(distribution))")
            }
            if adding, let obstacle = obstacleToClusterConfiguration(distribution) {
                return say(.kubeadm, "the ConfigMap kubeadm-config is as it was: \(obstacle)")
            }
            let patch = JSON.object([
                ("metadata", .object([("resourceVersion", JSON(version))])),
                ("data", .object([("ClusterConfiguration", .string(String(decoding: new, as: UTF8.self)))])),
            ])
            if adding {
                journal?.changedClusterConfiguration = true
                try? saveJournal()
            }
            _ = try success(
                askCluster(.patch, Installer.clusterConfiguration, patch.render()), "it cannot be changed"
            )
            guard adding else {
                var text = "removed the flags from the ConfigMap kubeadm-config"
                if case .these = otherAPIServers(distribution) { text += "; on the other nodes, \(Installer.losing)" }
                return say(.kubeadm, text)
            }
            say(
                .kubeadm,
                "added the flags to the ConfigMap kubeadm-config, so that kubeadm upgrade keeps them;"
                    + " \(advice(distribution))")
        } catch {
            let reason = (error as? CommandFailure)?.sentence ?? "\(error)"
            say(
                .kubeadm,
                "the ConfigMap kubeadm-config is as it was (\(reason)); "
                    + "\(adding ? "add" : "remove") the flags with: \(KubeadmConfiguration.edit)"
            )
        }
    }

    /// What people must do while kubeadm's configuration has the flags.
    private func advice(_ distribution: Distribution) -> String {
        guard case .these(let nodes) = otherAPIServers(distribution, callers: false) else { return Installer.joining }
        return "\(Installer.joining); \(Installer.upgrading(nodes))"
    }

    /// Whether the manifest had the mount before `enable`. Then kubeadm's configuration, from which it was written, had
    /// it too.
    private var hadMount: Bool {
        let before = (try? manifestBefore()).flatMap { $0 }.flatMap { try? APIServerManifest($0) }
        return before?.mounts(flags.folder) ?? false
    }

    /// kubeadm's configuration and the version of its object; nil if there is none.
    func clusterConfiguration() throws -> (text: [UInt8], version: String?)? {
        let answer = askCluster(.get, Installer.clusterConfiguration, [])
        if case .status(404, _) = answer { return nil }
        let body = try success(answer, "it cannot be read")
        guard let root = (try? JSONDocument(parsing: body))?.root,
            let text = root["data"]?["ClusterConfiguration"]?.string
        else { throw CommandFailure("it holds no ClusterConfiguration") }
        return (Array(text.utf8), root["metadata"]?["resourceVersion"]?.string)
    }

    /// What kubeadm's own configuration says about the flags.
    func kubeadmConfiguration() -> KubeadmConfiguration {
        let text: [UInt8]
        do {
            guard let found = try clusterConfiguration() else { return .absent }
            text = found.text
        } catch {
            return .unreadable((error as? CommandFailure)?.sentence ?? "\(error)")
        }
        do throws(ManifestProblem) {
            return try ClusterConfiguration.adding(flags, to: text) == text ? .hasFlags : .lacksFlags
        } catch {
            return .uneditable(error.sentence, asks: ClusterConfiguration.asks(text, flags))
        }
    }

    private func success(_ answer: NodeEnvironment.Answer, _ problem: String) throws -> [UInt8] {
        switch answer {
        case .status(200...299, let body): return body
        case .status(let status, let body):
            let said = (try? JSONDocument(parsing: body))?.root["message"]?.string
            throw CommandFailure(
                "\(problem): status \(status)" + (said.map { ": " + PrintableText.clean($0, maximum: 200) } ?? ""))
        case .none(let reason): throw CommandFailure("\(problem): \(reason)")
        }
    }
}
