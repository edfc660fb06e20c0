import ArgumentParser
import Kubeconfigs
import Terminal

extension KubeconfigCommand {
    struct Webhook: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "webhook",
            abstract: "Writes the file for kube-apiserver's --authentication-token-webhook-config-file.",
            discussion: """
                Certificates are named by their absolute paths; kube-apiserver then notices new client certificates \
                by itself. Name files that lie elsewhere on the control-plane node by --ca, --client-certificate and \
                --client-key; or put everything into the file with --embed.
                """)

        @Option(help: .init("The webhook's address.", valueName: "url"))
        var server = "https://127.0.0.1:8443/authenticate"

        @OptionGroup var certificates: WebhookCertificateArguments

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
            try checked {
                try KubeconfigArgument.checkServer(server, example: "https://127.0.0.1:8443/authenticate")
            }
        }

        func run() throws {
            let talos = format == .talos ? TalosDocument.Form(release: talosVersion) : nil
            let text = try certificates.kubeconfig(server: server, isEmbedded: talos != nil).text
            if let address = KubeconfigText.withWebhookPath(server) {
                Console.note("warning: \(server) has no path, where the webhook answers nothing; it is \(address)")
            }
            try destination.write(talos.map { TalosDocument(form: $0, kubeconfig: text).text } ?? text, mode: 0o600)
        }
    }
}
