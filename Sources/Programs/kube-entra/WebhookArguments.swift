import ArgumentParser
import Kubeconfigs
import Terminal
import Timestamps

/// A command that writes a kubeconfig with which kube-apiserver calls the webhook.
protocol WebhookKubeconfigCommand: ParsableCommand {
    static var purpose: WebhookKubeconfig.Purpose { get }
}

/// The webhook's address, and the certificates with which kube-apiserver calls it. The address's default is the
/// command's.
struct WebhookArguments<Command: WebhookKubeconfigCommand>: ParsableArguments {
    @Option(help: .init("The webhook's address.", valueName: "url")) var server = Command.purpose.usualServer

    @Option(help: .init("The folder that `certs create` wrote.", valueName: "folder"), completion: .directory)
    var certs = "certs"

    @Option(
        name: .customLong("ca"),
        help: .init("The CA of the webhook's certificate. (default: <folder>/ca.crt)", valueName: "file"),
        completion: .file())
    var authority: String?

    @Option(
        help: .init("kube-apiserver's certificate. (default: <folder>/client.crt)", valueName: "file"),
        completion: .file())
    var clientCertificate: String?

    @Option(help: .init("kube-apiserver's key. (default: <folder>/client.key)", valueName: "file"), completion: .file())
    var clientKey: String?

    @Flag(help: "Put the certificates and the key into the kubeconfig.") var embed = false

    func validate() throws {
        try checked {
            try KubeconfigArgument.checkServer(server, example: Command.purpose.usualServer)
            try KubeconfigArgument.checkPaths([certs, authority, clientCertificate, clientKey])
        }
    }

    /// The kubeconfig; what people should know about the certificates goes to standard error.
    func kubeconfig(isEmbedded: Bool = false) throws -> WebhookKubeconfig {
        let certificates = WebhookCertificates(
            folder: certs, authority: authority, clientCertificate: clientCertificate, clientKey: clientKey,
            isEmbedded: embed || isEmbedded)
        let sources = try certificates.sources(for: server, now: .now())
        Console.notes(sources.notes)
        if let problem = Command.purpose.pathProblem(server) { Console.note("warning: \(problem)") }
        return WebhookKubeconfig(
            server: server, authority: sources.authority, client: sources.client, purpose: Command.purpose)
    }
}
