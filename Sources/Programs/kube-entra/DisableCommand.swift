import ArgumentParser
import Certificates
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
            stays. It also takes back what an enable left half done. The admins' binding and the flags in kubeadm's \
            own configuration belong to all nodes: they are removed with the last node whose API server asks the \
            webhook. Where the cluster cannot tell that, they stay; use --last-node on the last one.

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
        let installer = try Installer(node.host(distribution).environment)
        guard !dryRun else { return try installer.disableDryRun(distribution, isLastNode: lastNode) }
        try installer
            .disable(distribution, timeout: node.duration, isLastNode: lastNode)
    }
}

/// `kube-entra status`: the state of a node.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Says whether this node's API server signs people in with Entra.",
        discussion: """
            Flags, webhook, what the API server answers, kubeadm's own configuration, and the hashes of configuration \
            and certificates. It says when an enable or disable was left half done. On several control-plane nodes, \
            write the status of one to a file and compare it on the others:

              kube-entra status --output json >node1.json
              kube-entra status --compare node1.json

            Exit status: 0 enabled and working; 1 not enabled, half done, not working, or the configuration of a node \
            differs; 2 could not check.
            """)

    @OptionGroup var node: NodeOptions

    @Option(
        help: .init(
            "What `status --output json` printed on another node: say what is the same. Repeatable.", valueName: "file"),
        completion: .file())
    var compare: [String] = []

    @Option(help: .output) var output: OutputFormat = .text

    func run() throws {
        let distribution = try node.foundDistribution()
        try distribution.checkThisNode()
        var status = try Installer(node.host(distribution).environment).status(distribution)
        for file in compare {
            status.comparisons.append(try NodeComparison(status, with: PEMFile.read(file), source: file))
        }
        Console.print(as: output, text: status.text, json: status.json)
        let isSame = status.comparisons.allSatisfy(\.isConfigurationSame)
        if status.state != .enabled || !isSame { throw ExitCode.no }
    }
}
