// What is left to do by hand once the applications are there, in the words of both formats.

extension Registration {
    /// The configuration's further lines and where they belong, the bindings that app roles need, and the place of the
    /// secret; empty if `enable` with the IDs is all.
    ///
    /// - Parameter clientID: how the format names the client ID of the directory application.
    func furtherSteps(clientID: String) -> [String] {
        let fragment = configurationLines(clientID: clientID)
        guard !fragment.isEmpty else { return [] }
        return Self.fragmentPlace + [""] + fragment.map { "    \($0)" } + bindings
            + (withDirectory ? Self.secretPlace : [])
    }

    private static let fragmentPlace = [
        "In /etc/kube-entra/kube-entra.yaml, in the tenant: below its tenantID, indented as here. Replace lines",
        "with the same keys, such as groupOverage.",
    ]

    private static let secretPlace = [
        "",
        "The file secret must be on every node, beside the configuration, for the webhook's user alone:",
        "",
        "  install -o kube-entra -g kube-entra -m 0600 secret /etc/kube-entra/secret",
    ]

    /// A mapped group grants nothing by itself.
    private var bindings: [String] {
        guard !appRoles.isEmpty else { return [] }
        return [
            "", "What an app role may do is for RBAC to say. Bind each group to a ClusterRole, such as these:", "",
        ]
            + appRoles.map { role in
                let group = Self.group(of: role)
                let clusterRole = role == Self.adminRole ? "cluster-admin" : "view"
                // Names of objects have no slashes.
                let name = "kube-entra-" + String(group.map { $0 == "/" ? "-" : $0 })
                return "  kubectl create clusterrolebinding \(name) --clusterrole=\(clusterRole) --group=\(group)"
            }
    }

    private func configurationLines(clientID: String) -> [String] {
        var lines: [String] = []
        if withDirectory {
            lines += ["groupOverage: resolve", "directory:", "  clientID: \(clientID)", "  clientSecretFile: secret"]
        }
        if !appRoles.isEmpty {
            lines += ["appRoleMappings:"]
            lines += appRoles.flatMap { ["  - appRole: \($0)", "    kubernetesGroups: [\(Self.group(of: $0))]"] }
        }
        if let clusterHost { lines += ["proofOfPossession: accept", "clusterHost: \(clusterHost)"] }
        return lines
    }

    /// The Kubernetes group that an app role stands for.
    private static func group(of role: String) -> String { role.lowercased() }
}
