import ArgumentParser
import Certificates
import Installation
import Terminal

/// `kube-entra status`: the state of a node.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Says whether this node's API server signs people in with Entra.",
        discussion: """
            Flags, webhook, what the API server answers, files without which either would not start again, kubeadm's own configuration, the hashes of configuration and \
            certificates, and whom the deny lists refuse. It says when an enable or disable was left half done. On several control-plane nodes, \
            write the status of one to a file and compare it on the others:

              kube-entra status --output json >node1.json
              kube-entra status --compare node1.json

            Exit status: 0 enabled and working; 1 not enabled, half done, not working or not after a restart, or a node's configuration or \
            deny list differs; 2 could not check.
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
        try distribution.checkPermissions(kubeconfig: node.kubeconfig)
        var status = try Installer(node.host(distribution, changesNode: false).environment).status(distribution)
        for file in compare {
            status.comparisons.append(try NodeComparison(status, with: PEMFile.read(file), source: file))
        }
        Console.print(as: output, text: status.text, json: status.json)
        let isSame = status.comparisons.allSatisfy(\.isSame)
        if status.state != .enabled || !isSame { throw ExitCode.no }
    }
}
