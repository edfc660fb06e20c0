import ArgumentParser
import Configuration
import Entra
import Glibc
import Installation
import Terminal

/// `kube-entra enable`: sets up sign-in with Entra on a control-plane node, in one command.
struct EnableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Makes a control-plane node's API server sign people in with Entra.",
        discussion: """
            As root on a control-plane node, one node after the other. It writes certificates and configuration where \
            they are missing, installs and starts the webhook, waits until it is ready, keeps a copy of what it is \
            about to change, gives kube-apiserver its two flags, waits until it serves again, and asks it about a \
            token. What fails before the change leaves the node as it was; what fails after it puts everything back. \
            Ctrl-C, SIGTERM and a lost connection (SIGHUP) make it put everything back too; nothing interrupts that. A \
            second run changes only what is missing. kubeadm's own configuration gets the flags with the last \
            control-plane node: an upgrade gives them to all of them. A node that will be added to a kubeadm cluster needs `enable \
            --prepare` before `kubeadm join --control-plane`, and `enable` after it.

              kube-entra enable --tenant-id 11111111-2222-3333-4444-555555555555 \\
                --audience aaaaaaaa-0000-0000-0000-000000000000 \\
                --admin-group 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed --bind --dry-run

            Exit status: 0 done, or nothing to do; 1 tried and taken back; 2 could not start, nothing was changed.
            """)

    @Option(help: .tenantID) var tenantID: String?
    @Option(help: .audience) var audience: [String] = []
    @Option(help: .adminGroup) var adminGroup: [String] = []
    @Option(help: .cloud) var cloud: Cloud = .public

    @Option(
        help: .init("A configuration instead of the IDs; files beside it that it names come along.", valueName: "file"),
        completion: .file())
    var config: String?

    @Option(
        name: .customLong("as"),
        help: "How the webhook runs. (default: as an earlier enable set it up, else systemd)")
    var service: Service?
    @Option(help: .init("The image of the static pod.", valueName: "image")) var image: String?
    @Flag(help: "Bind the admins' group to cluster-admin.") var bind = false
    @Flag(help: "Print every step and the difference, and change nothing.") var dryRun = false
    @Flag(
        help: """
            On a node that is about to join a kubeadm cluster as a control-plane node: everything but kube-apiserver, \
            which needs these files when it starts.
            """)
    var prepare = false

    @OptionGroup var node: NodeOptions

    enum Service: String, ExpressibleByArgument, CaseIterable {
        case systemd
        case staticPod = "static-pod"
    }

    private var arguments: EnableArguments {
        EnableArguments(
            tenantID: tenantID, audiences: audience, adminGroups: adminGroup, cloud: cloud, config: config,
            isStaticPod: service.map { $0 == .staticPod }, image: image)
    }

    func validate() throws {
        try checked { try arguments.check() }
        guard prepare else { return }
        guard node.distribution ?? .kubeadm == .kubeadm else {
            throw ValidationError("--prepare is for kubeadm; on RKE2 and k3s, run enable when the node has joined")
        }
        guard service ?? .systemd == .systemd else {
            throw ValidationError("--prepare needs --as systemd: kubeadm join wants an empty folder of manifests")
        }
        guard !bind else {
            throw ValidationError("--prepare changes nothing in the cluster, so it goes without --bind")
        }
    }

    func run() throws {
        if prepare { return try prepareNode() }
        let distribution = try node.foundDistribution()
        if !dryRun { try node.requireRoot("enable") }
        let request = InstallationRequest(
            source: arguments.source, distribution: distribution, service: arguments.service, binds: bind,
            timeout: node.duration, program: NodeHost.program)
        let installer = try Installer(node.host(distribution, changesNode: !dryRun).environment)
        if dryRun { try installer.dryRun(request) } else { try installer.enable(request) }
    }

    private func prepareNode() throws {
        if !dryRun { try node.requireRoot("enable --prepare") }
        let request = InstallationRequest(
            source: arguments.source, distribution: .kubeadm, service: .systemd, binds: false, timeout: node.duration,
            program: NodeHost.program)
        let installer = try Installer(node.host(.kubeadm, changesNode: !dryRun).environment)
        if dryRun { try installer.prepareDryRun(request) } else { try installer.prepare(request) }
    }
}

/// Options of all commands for a node.
struct NodeOptions: ParsableArguments {
    @Option(help: "How the cluster was made; found out without it.") var distribution: Distribution?

    @Option(help: .init("How long to wait for the webhook, and for the API server.", valueName: "duration"))
    var timeout = "5m"

    @Option(
        help: .init(
            "An admin's kubeconfig. (default: /etc/kubernetes/admin.conf, or the distribution's)", valueName: "file"),
        completion: .file())
    var kubeconfig: String?

    var duration: Duration { DurationText.parse(timeout) ?? .seconds(300) }

    func validate() throws {
        guard let duration = DurationText.parse(timeout), duration >= .seconds(1), duration <= .seconds(86_400) else {
            throw ValidationError("--timeout must be a duration from 1s to 1d, such as 90s or 5m")
        }
    }

    /// The named distribution, or the only one whose files exist.
    func foundDistribution() throws -> Distribution {
        try distribution ?? Distribution.ofThisNode()
    }

    /// The node on which the command runs.
    func host(_ distribution: Distribution, changesNode: Bool) -> NodeHost {
        NodeHost(distribution, kubeconfig: kubeconfig, timeout: duration, changesNode: changesNode)
    }

    func requireRoot(_ command: String) throws {
        guard geteuid() == 0 else {
            throw CommandFailure("only root can change the node", hint: "sudo kube-entra \(command) …")
        }
    }
}
