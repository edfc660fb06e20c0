import ArgumentParser

/// `kube-entra certs`: the certificates between kube-apiserver and the webhook.
struct CertsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certs",
        abstract: "Makes and describes the certificates between kube-apiserver and the webhook.",
        subcommands: [Create.self, Show.self])
}
