import ArgumentParser
import Kubeconfigs
import Terminal

extension KubeconfigCommand {
    struct Webhook: WebhookKubeconfigCommand {
        static let purpose = WebhookKubeconfig.Purpose.authentication

        static let configuration = CommandConfiguration(
            commandName: "webhook",
            abstract: "Writes the file for kube-apiserver's --authentication-token-webhook-config-file.",
            discussion: """
                Certificates are named by their absolute paths; kube-apiserver then notices new client certificates \
                by itself. Name files that lie elsewhere on the control-plane node by --ca, --client-certificate and \
                --client-key; or put everything into the file with --embed.
                """)

        @OptionGroup var webhook: WebhookArguments<Webhook>

        @Option(help: "A kubeconfig, or what Talos Linux' machine configuration needs, certificates inside.")
        var format: Format = .kubeconfig

        @Option(help: .init("The release of Talos, which decides what it understands.", valueName: "version"))
        var talosVersion = "1.15"
        @OptionGroup var destination: OutputArguments

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case kubeconfig, talos
        }

        func validate() throws {
            guard TalosDocument.Form(release: talosVersion) != nil else {
                throw ValidationError("--talos-version must be a release of Talos, such as 1.15")
            }
        }

        func run() throws {
            let talos = format == .talos ? TalosDocument.Form(release: talosVersion) : nil
            let text = try webhook.kubeconfig(isEmbedded: talos != nil).text
            try destination.write(talos.map { TalosDocument(form: $0, kubeconfig: text).text } ?? text, mode: 0o600)
        }
    }
}
