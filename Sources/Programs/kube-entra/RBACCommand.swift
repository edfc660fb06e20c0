import ArgumentParser

/// `kube-entra rbac`: a cluster's roles and bindings together with the configuration.
struct RBACCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rbac",
        abstract:
            "Joins a cluster's RBAC with the configuration: who can do what, by which path, and what never matches.",
        discussion: """
            The input is what kubectl prints, or a folder of manifests:

              kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json > rbac.json
            """,
        subcommands: [Lint.self, Who.self, Explain.self])
}
