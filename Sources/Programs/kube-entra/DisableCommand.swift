import ArgumentParser
import Installation
import Terminal

/// `kube-entra disable`: undoes `enable`.
struct DisableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Takes back on this node what enable did.",
        discussion: """
            As root on a control-plane node: takes the flags from kube-apiserver, waits until it serves again, stops \
            the webhook, and removes what `kube-entra enable` made. What was there before, or was changed since, \
            stays. It also takes back what an enable left half done. The flags in kubeadm's own \
            configuration are removed with the first node: an upgrade would give them to it again. The admins' binding \
            belongs to all nodes: it is removed with the last one whose API server asks the webhook. Where the cluster \
            cannot tell that, it stays, and disable says so first; use --last-node on the last one. Ctrl-C and SIGTERM \
            end the wait for the API server; then run it again. A lost connection (SIGHUP) does not end it.

            Exit status: 0 done, or nothing to do; 1 the API server does not answer; 2 could not start.
            """)

    @Flag(help: "No other node uses the webhook: remove what belongs to all nodes too, without asking the cluster.")
    var lastNode = false

    @Flag(help: "Print every step and the difference, and change nothing.") var dryRun = false

    @OptionGroup var node: NodeOptions

    func run() throws {
        let distribution = try node.foundDistribution()
        // The journal, which knows what enable made, is for root alone.
        try node.requireRoot("disable")
        try distribution.checkThisNode()
        let installer = try Installer(node.host(distribution, changesNode: !dryRun).environment)
        guard !dryRun else { return try installer.disableDryRun(distribution, isLastNode: lastNode) }
        try installer
            .disable(distribution, timeout: node.duration, isLastNode: lastNode)
    }
}
