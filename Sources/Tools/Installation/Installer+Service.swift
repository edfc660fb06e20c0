import Addresses
import Configuration
import Files
import SafeText
import Terminal

extension Installer {
    static let unit = "kube-entra.service"
    private static let socket = "kube-entra.socket"

    // The way in which it runs

    /// The request with the kind of service that an earlier run set up on this node.
    ///
    /// - Throws: `CommandFailure` if it asks for another kind: both would want the same port.
    func withService(_ request: InstallationRequest) throws -> InstallationRequest {
        guard let journal else { return request }
        if let requested = request.requestedService {
            guard requested.name == journal.service else {
                throw CommandFailure(
                    "the webhook of this node was set up with --as \(journal.service), not \(requested.name)",
                    hint: "leave --as out to keep it so; to change it, run `kube-entra disable` first")
            }
            return request
        }
        guard journal.service == ServiceKind.staticPodName else { return request }
        let path = podPath(request.distribution)
        guard let image = try files.content(path).flatMap(ServiceFiles.image) else {
            throw CommandFailure(
                "the webhook of this node was set up as a static pod, and \(path) is missing or names no image",
                hint: "give --as static-pod and --image")
        }
        var request = request
        request.service = .staticPod(image: image)
        return request
    }

    // The user

    func makeUser(_ plan: InstallationPlan) throws {
        let owner: NodeFiles.Owner?
        if plan.request.service == .systemd {
            if environment.account(ServiceFiles.userName) == nil {
                journal?.madeUser = true
                try makeFolder(NodePath.folder(of: ServiceFiles.sysusersPath))
                if try presence(ServiceFiles.sysusersPath) != .changed {
                    try put(Array(ServiceFiles.sysusers.utf8), at: ServiceFiles.sysusersPath, mode: 0o644)
                }
                if !environment.run(["systemd-sysusers", ServiceFiles.sysusersPath]).isSuccess {
                    let command = ["useradd", "--system", "--home-dir", NodePath.state, "--shell", "/usr/sbin/nologin"]
                    try run(
                        command + [ServiceFiles.userName], "the user \(ServiceFiles.userName) cannot be made",
                        hint: "make a system user \(ServiceFiles.userName) with your system's own program, then run"
                            + " enable again")
                }
                guard environment.account(ServiceFiles.userName) != nil else {
                    throw CommandFailure("systemd-sysusers made no user \(ServiceFiles.userName)")
                }
                say(.user, "made the user \(ServiceFiles.userName), whom the webhook runs as")
            } else {
                say(.user, "the user \(ServiceFiles.userName) is there")
            }
        }
        owner = self.owner(plan)
        try makeFolder(NodePath.home)
        try makeFolder(NodePath.state, mode: 0o700, owner: owner)
        // The webhook writes it, even if a package made the folder.
        let keys = NodePath.state + "/keys.json"
        if !files.exists(keys) { journal?.note(keys) }
    }

    // The service

    func startService(_ plan: InstallationPlan) throws {
        switch plan.request.service {
        case .systemd: try startUnit(plan)
        case .staticPod(let image): try startPod(plan, image: image)
        }
    }

    private func startUnit(_ plan: InstallationPlan) throws {
        let isPackaged = ServiceFiles.packagedUnitPaths.contains(where: files.exists)
        var isNew = false
        if !isPackaged {
            let text = Array(ServiceFiles.unit(program: plan.program).utf8)
            if !files.exists(ServiceFiles.unitPath) {
                try makeFolder(NodePath.folder(of: ServiceFiles.unitPath))
                try put(text, at: ServiceFiles.unitPath, mode: 0o644)
                isNew = true
            }
            try run(["systemctl", "daemon-reload"], "systemd cannot be told of the service")
        }
        if !isNew, environment.run(["systemctl", "is-active", "--quiet", Self.unit]).isSuccess,
            environment.run(["systemctl", "is-enabled", "--quiet", Self.unit]).isSuccess
        {
            return say(.service, "\(Self.unit) runs")
        }
        journal?.startedService = true
        // systemd creates it for the service.
        if !files.exists(ServiceFiles.logFolder) { journal?.note(ServiceFiles.logFolder) }
        try saveJournal()
        do {
            try run(
                ["systemctl", "enable", "--now", Self.unit], "the webhook does not start",
                hint: "journalctl -u kube-entra -n 20 says why")
        } catch let failure as CommandFailure {
            guard let lastWords else { throw failure }
            throw CommandFailure("\(failure.sentence); it said: \(lastWords)", hint: failure.hint)
        }
        say(.service, "started \(Self.unit)")
    }

    private func startPod(_ plan: InstallationPlan, image: String) throws {
        let path = podPath(plan.request.distribution)
        let operations = plan.configuration.server.operations
        let text = Array(ServiceFiles.pod(image: image, operations: operations).utf8)
        if let there = try files.content(path) {
            guard there != text else { return say(.service, "\(path) is there") }
            return say(.service, "\(path) is there, differs from what would be written, and stays")
        }
        journal?.startedService = true
        try makeFolder(NodePath.folder(of: path))
        try put(text, at: path, mode: 0o600)
        say(.service, "wrote \(path), which the kubelet starts")
    }

    /// Fails if another program has one of the webhook's ports. Otherwise the webhook would not start, and nobody would
    /// know before the whole wait is over.
    func checkPorts(_ plan: InstallationPlan) throws {
        let server = plan.configuration.server
        for (address, field) in [(server.listen, "server.listen"), (server.operations, "server.operations")]
        where environment.isTaken(address.host, address.port) {
            guard !mayRun(plan) else { return }
            throw CommandFailure(
                "port \(address.port) of \(address.host) belongs to another program, and the webhook needs it (\(field))",
                hint: "`ss -ltnp` names the program; for another port, set \(field) in a configuration of your own"
                    + " (kube-entra config init) and pass it with --config")
        }
    }

    /// Whether the webhook may run already, by an earlier run or by somebody's hand.
    private func mayRun(_ plan: InstallationPlan) -> Bool {
        journal?.startedService ?? false || files.exists(podPath(plan.request.distribution))
            || [Self.unit, Self.socket].contains { unit in
                environment.run(["systemctl", "is-active", "--quiet", unit]).isSuccess
            }
    }

    /// Fails if the webhook could not work in a static pod: the kubelet ends one that it cannot ask, again and again.
    func checkPod(_ plan: InstallationPlan) throws {
        guard plan.request.service != .systemd else { return }
        let operations = plan.configuration.server.operations
        guard operations.port != 0, !operations.host.utf8.contains(UInt8(ascii: "%")) else {
            throw CommandFailure(
                "the kubelet cannot ask a static pod at \(operations) (server.operations) whether it is well",
                hint: "give it a fixed port and an address without a zone, such as 127.0.0.1:8480")
        }
        for file in plan.configuration.files {
            let path = files.local(file.path)
            let isState = path.utf8.starts(with: "\(NodePath.state)/".utf8)
            // The image has the system's CA certificates.
            let isInImage = path.utf8.starts(with: "/etc/ssl/certs/".utf8) && !file.role.isWritten
            guard !isState, !isInImage, file.role.isWritten || !NodePath.isInHome(path) else { continue }
            throw CommandFailure(
                "\(file.field) names \(path), which the static pod cannot \(file.role.isWritten ? "write" : "see")",
                hint: "the pod has \(NodePath.home), and \(NodePath.state), where it can write too")
        }
    }

    func podPath(_ distribution: Distribution) -> String { "\(distribution.podFolder)/\(ServiceFiles.podName)" }

    func waitForWebhook(_ plan: InstallationPlan) throws {
        let operations = plan.configuration.server.operations
        var problem = ""
        var isAsked = false
        var end: String?
        let isReady = wait(plan.request.timeout, reporting: (.ready, { problem })) {
            if let obstacle = environment.obstacleToReadiness(operations.host, operations.port) {
                problem = obstacle
                if plan.request.service == .systemd { end = endOfService() }
                return end != nil
            }
            switch askWebhook(plan.issuer) {
            case .asked: isAsked = true
            case .notAsked(let text): problem = "it answers a TokenReview with \(text ?? "no reason")"
            case .failed(let reason, _): problem = reason
            }
            return isAsked
        }
        if let end {
            throw CommandFailure(
                "the webhook has ended: \(end)", hint: "journalctl -u kube-entra -n 20 says more")
        }
        guard isReady else {
            try checkInterruption()
            let log =
                plan.request.service == .systemd
                ? "journalctl -u kube-entra -n 20" : "crictl logs of the pod kube-entra"
            // The configuration that is made from IDs has no place for them.
            let own =
                if case .values = plan.request.source {
                    "; what this node needs beside the IDs, such as a proxy (signingKeys.proxy), is set in a configuration"
                        + " of your own: kube-entra config init, then enable --config"
                } else {
                    ""
                }
            throw CommandFailure(
                "the webhook does not become ready: \(problem)",
                hint: "\(log) says more, --timeout waits longer\(own)")
        }
        say(.ready, "the webhook answers (\(ProbeToken.expected))")
    }

    /// Stops what was started, and removes the service's files.
    ///
    /// - Returns: false if the service still runs.
    @discardableResult
    func stopService(_ journal: InstallationJournal) -> Bool {
        guard journal.startedService else { return true }
        if journal.service == ServiceKind.systemd.name {
            let ending = environment.run(["systemctl", "disable", "--now", Self.unit])
            // It also fails for a unit that somebody has removed already.
            if !ending.isSuccess, environment.run(["systemctl", "is-active", "--quiet", Self.unit]).isSuccess {
                stuck.insert(ExactText(Self.unit))
                say(named: "stays", "\(Self.unit) still runs and cannot be stopped: \(ending.message)")
                return false
            }
            if removeMade(ServiceFiles.unitPath, journal) { _ = environment.run(["systemctl", "daemon-reload"]) }
        } else {
            let path = podPath(journal.distribution)
            let operations = nodeConfiguration?.configuration.server.operations
            if journal.made(at: path) != nil, let operations, let current = try? files.content(path),
                ServiceFiles.isPod(current, operations: operations)
            {
                // An upgrade changed the image, and nothing else.
                self.journal?.note(path, sha256: NodeFiles.digest(current))
            }
            removeMade(path, self.journal ?? journal)
            guard !stuck.contains(ExactText(path)) else { return true }
        }
        say(named: "service", "stopped the webhook")
        return true
    }

    func run(_ command: [String], _ problem: String, hint: String? = nil) throws {
        let ending = environment.run(command)
        guard !ending.isSuccess else { return }
        let said = ending.message.isEmpty ? "" : ": \(ending.message)"
        throw CommandFailure("\(problem): `\(command.joined(separator: " "))` failed\(said)", hint: hint)
    }
}
