import AccessPolicy
import Configuration
import Jansson
import SafeText
import Terminal

/// Objects in the cluster itself: the admins' binding, and kubeadm's configuration.
extension Installer {
    private static let binding = "kube-entra-cluster-admins"
    private static let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    private static let clusterConfiguration = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"

    // Admins

    /// The command that binds the admin groups, for people.
    static func bindCommand(_ groups: [String]) -> String {
        "kubectl create clusterrolebinding \(binding) --clusterrole=cluster-admin"
            + groups.map { " --group=\($0)" }.joined()
    }

    func bindAdmins(_ plan: InstallationPlan) throws {
        let groups = plan.configuration.kubernetes.adminGroups.map(\.text)
        guard plan.request.binds else {
            let command = Installer.bindCommand(groups)
            return say(.bind, "not asked for (--bind); the command for it is: \(command)")
        }
        guard !groups.isEmpty else {
            throw CommandFailure("kubernetes.adminGroups is empty: there is no group to bind")
        }
        if let there = try bindingSubjects() {
            guard groups.allSatisfy(there.contains) else {
                throw CommandFailure(
                    "the ClusterRoleBinding \(Installer.binding) is there and names other groups",
                    hint: "delete it, or bind the group yourself and leave --bind out")
            }
            return say(.bind, "\(groups.joined(separator: ", ")) is bound to cluster-admin")
        }
        let object = JSON.object([
            ("apiVersion", .string("rbac.authorization.k8s.io/v1")), ("kind", .string("ClusterRoleBinding")),
            ("metadata", .object([("name", .string(Installer.binding))])),
            (
                "roleRef",
                .object([
                    ("apiGroup", .string("rbac.authorization.k8s.io")), ("kind", .string("ClusterRole")),
                    ("name", .string("cluster-admin")),
                ])
            ),
            (
                "subjects",
                .array(
                    groups.map { group in
                        .object([
                            ("apiGroup", .string("rbac.authorization.k8s.io")), ("kind", .string("Group")),
                            ("name", .string(group)),
                        ])
                    })
            ),
        ])
        journal?.bindings = [Installer.binding]
        try saveJournal()
        _ = try success(
            environment.askAPIServer(.post, Installer.bindings, object.render()), "the group cannot be bound")
        say(.bind, "bound \(groups.joined(separator: ", ")) to cluster-admin")
    }

    /// The groups of the binding; nil if it does not exist.
    private func bindingSubjects() throws -> [String]? {
        let answer = environment.askAPIServer(.get, "\(Installer.bindings)/\(Installer.binding)", [])
        if case .status(404, _) = answer { return nil }
        let body = try success(answer, "the ClusterRoleBinding cannot be read")
        let root = (try? JSONDocument(parsing: body))?.root
        return root?["subjects"]?.array?.compactMap { $0["kind"]?.string == "Group" ? $0["name"]?.string : nil } ?? []
    }

    func removeBindings(_ journal: InstallationJournal) {
        for name in journal.bindings {
            switch environment.askAPIServer(.delete, "\(Installer.bindings)/\(name)", []) {
            case .status(200...299, _): say(named: "bind", "removed the ClusterRoleBinding \(name)")
            case .status(404, _): break
            default:
                say(named: "bind", "the ClusterRoleBinding \(name) stays: kubectl delete clusterrolebinding \(name)")
            }
        }
        self.journal?.bindings = []
    }

    // kubeadm

    /// Adds the flags to kubeadm's configuration, so that `kubeadm upgrade` keeps them, or removes them.
    ///
    /// The node works without it. If the change is impossible, a message says how to make it.
    func bringClusterConfigurationInLine(_ distribution: Distribution, adding: Bool) {
        guard distribution == .kubeadm else { return }
        do {
            guard let (old, version) = try clusterConfiguration() else {
                return say(.kubeadm, "the cluster has no ConfigMap kubeadm-config, so kubeadm cannot lose the flags")
            }
            let new: [UInt8]
            do throws(ManifestProblem) {
                new =
                    adding
                    ? try ClusterConfiguration.adding(flags, to: old)
                    : try ClusterConfiguration.removing(flags, from: old)
            } catch {
                throw CommandFailure(error.sentence)
            }
            guard new != old else {
                if adding { say(.kubeadm, "the ConfigMap kubeadm-config has the flags") }
                return
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
                environment.askAPIServer(.patch, Installer.clusterConfiguration, patch.render()), "it cannot be changed"
            )
            say(
                .kubeadm,
                adding
                    ? "added the flags to the ConfigMap kubeadm-config, so that kubeadm upgrade keeps them"
                    : "removed the flags from the ConfigMap kubeadm-config")
        } catch {
            let reason = (error as? CommandFailure)?.sentence ?? "\(error)"
            say(
                .kubeadm,
                "the ConfigMap kubeadm-config is as it was (\(reason)); "
                    + "\(adding ? "add" : "remove") the flags with: kubectl -n kube-system edit configmap kubeadm-config"
            )
        }
    }

    /// kubeadm's configuration and the version of its object; nil if there is none.
    private func clusterConfiguration() throws -> (text: [UInt8], version: String?)? {
        let answer = environment.askAPIServer(.get, Installer.clusterConfiguration, [])
        if case .status(404, _) = answer { return nil }
        let body = try success(answer, "it cannot be read")
        guard let root = (try? JSONDocument(parsing: body))?.root,
            let text = root["data"]?["ClusterConfiguration"]?.string
        else { throw CommandFailure("it holds no ClusterConfiguration") }
        return (Array(text.utf8), root["metadata"]?["resourceVersion"]?.string)
    }

    /// Whether kubeadm would write the flags again; nil if unknown.
    func clusterConfigurationHasFlags() -> Bool? {
        guard let (text, _) = (try? clusterConfiguration()).flatMap({ $0 }) else { return nil }
        return (try? ClusterConfiguration.adding(flags, to: text)).map { $0 == text }
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
