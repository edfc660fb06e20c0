internal import ArgumentParser

/// `kube-entra certs`: the certificates between kube-apiserver and the webhook.
struct CertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certs",
        abstract: "Makes and describes the certificates between kube-apiserver and the webhook.",
        subcommands: [Create.self, Show.self])

    /// The names that `certs create` gives its files.
    enum FileName {
        static let authority = "ca.crt"
        static let authorityKey = "ca.key"
        static let server = "server.crt"
        static let serverKey = "server.key"
        static let clientAuthority = "client-ca.crt"
        static let client = "client.crt"
        static let clientKey = "client.key"
    }
}
