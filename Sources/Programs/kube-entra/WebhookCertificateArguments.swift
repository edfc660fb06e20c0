import ArgumentParser
import Kubeconfigs
import Terminal
import Timestamps

/// The certificates with which kube-apiserver calls the webhook.
struct WebhookCertificateArguments: ParsableArguments {
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
            try KubeconfigArgument.checkPaths([certs, authority, clientCertificate, clientKey])
        }
    }

    /// The kubeconfig of a webhook; what people should know about the certificates goes to standard error.
    func kubeconfig(server: String, isEmbedded: Bool = false) throws -> WebhookKubeconfig {
        let certificates = WebhookCertificates(
            folder: certs, authority: authority, clientCertificate: clientCertificate, clientKey: clientKey,
            isEmbedded: embed || isEmbedded)
        let sources = try certificates.sources(for: server, now: .now())
        Console.notes(sources.notes)
        return WebhookKubeconfig(server: server, authority: sources.authority, client: sources.client)
    }
}
