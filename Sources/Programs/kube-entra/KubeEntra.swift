import ArgumentParser

/// The command. Each subcommand has its own file.
@main
struct KubeEntra: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kube-entra",
        abstract: "Signs people and applications of Microsoft Entra in to any Kubernetes cluster.",
        discussion: """
            kube-apiserver sends each bearer token to `kube-entra serve`, which checks it against the tenant's signing \
            keys and answers with a Kubernetes user and groups. The other commands prepare, check and explain that.

            Exit status: 0 yes; 1 checked, and the answer is no; 2 could not check; 64 wrong usage.
            """,
        version: Version.current,
        subcommands: [
            ServeCommand.self,
            ConfigCommand.self,
            PolicyCommand.self,
            RBACCommand.self,
            NamesCommand.self,
            CertsCommand.self,
            KubeconfigCommand.self,
            InspectCommand.self,
            KeysCommand.self,
            ReviewCommand.self,
            DoctorCommand.self,
            CredentialCommand.self,
            DenyCommand.self,
            RegisterCommand.self,
            EnableCommand.self,
            DisableCommand.self,
            StatusCommand.self,
            ReferenceCommand.self,
        ]
    )
}
