import ArgumentParser

/// `kube-entra kubeconfig`: kubeconfigs for kube-apiserver and for people.
struct KubeconfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubeconfig",
        abstract: "Writes kubeconfigs: for kube-apiserver to call the webhook, and for people to sign in.",
        subcommands: [Webhook.self, Authorization.self, User.self])
}
