import ArgumentParser
import Kubeconfigs

extension KubeconfigCommand {
    struct Authorization: WebhookKubeconfigCommand {
        static let purpose = WebhookKubeconfig.Purpose.authorization

        static let configuration = CommandConfiguration(
            commandName: "authorization",
            abstract: "Writes the file for kube-apiserver's --authorization-config: the kill switch.",
            discussion: """
                The webhook is asked first about each request of Entra's people and applications, and can only deny: \
                whom the deny list names, or who has lost what the API server still remembers. Beside --out, the \
                kubeconfig authorization-webhook.kubeconfig is written; both go to standard output without it.
                """)

        @OptionGroup var webhook: WebhookArguments<Authorization>

        @Option(
            help: .init(
                "The folder of the kubeconfig as the API server sees it. (default: the folder of --out)",
                valueName: "folder"))
        var mountedAt: String?

        @Option(
            help: .init(
                "The API server's version. 1.30 and 1.31 know an older form of the file, and 1.34 more fields."
                    + " (default: the form of 1.32)", valueName: "version"))
        var kubernetes: String?

        @OptionGroup var destination: OutputArguments

        func validate() throws {
            try checked { try AuthorizationFiles.check(mountedAt: mountedAt, kubernetes: kubernetes) }
        }

        func run() throws {
            try AuthorizationFiles(
                webhook: webhook.kubeconfig(), path: destination.out, mountedAt: mountedAt, kubernetes: kubernetes
            ).write(replacing: destination.force)
        }
    }
}
