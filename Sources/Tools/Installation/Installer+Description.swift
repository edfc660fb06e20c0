import AccessPolicy
import Certificates
import Configuration
import SafeText

extension Installer {
    /// Every step of a run, for `--dry-run`.
    ///
    /// - Parameter check: what the check before the first change says.
    func describe(_ plan: InstallationPlan, _ change: APIServerFiles, check: String) throws -> [String] {
        let request = plan.request
        var lines = [("distribution", request.distribution.rawValue), ("check", check)]
        lines += try webhookLines(plan)
        if change.isChange {
            if change.distribution == .kubeadm { lines.append(("copy", "keep the manifest as \(NodePath.copy)")) }
            let link = change.isLink ? ", to which \(change.path) leads," : ""
            lines.append(("change", "\(change.old == nil ? "write" : "change") \(change.target)\(link) as below"))
            if let restart = change.distribution.restart { lines.append(("change", restart.joined(separator: " "))) }
        } else {
            lines.append(("change", "nothing: kube-apiserver has the flags"))
        }
        lines.append(
            ("api-server", "wait until it answers a TokenReview through the webhook, else put everything back"))
        if request.binds {
            let groups = plan.configuration.kubernetes.adminGroups.map(\.text)
            let isBound = (try? adminBinding()).flatMap { $0 }?.binds(groups) ?? groups.isEmpty
            let text = groups.joined(separator: ", ")
            lines.append(("bind", isBound ? "nothing: \(text) is bound" : "bind \(text) to cluster-admin"))
        }
        if request.distribution == .kubeadm {
            let text =
                switch kubeadmConfiguration() {
                case .hasFlags: "nothing: the ConfigMap kubeadm-config has the flags"
                case .lacksFlags:
                    obstacleToClusterConfiguration(request.distribution)
                        .map { "keep the ConfigMap kubeadm-config: \($0)" }
                        ?? "add the flags to the ConfigMap kubeadm-config"
                case .absent: "nothing: the cluster has no ConfigMap kubeadm-config"
                case let other: "the ConfigMap kubeadm-config: \(other.problem ?? "")"
                }
            lines.append(("kubeadm", text))
        }
        return Installer.columns(lines)
    }

    /// Every step of a preparation, for `--prepare --dry-run`.
    func describePreparation(_ plan: InstallationPlan) throws -> [String] {
        Installer.columns(
            [("distribution", plan.request.distribution.rawValue)] + (try webhookLines(plan)) + [
                ("api-server", "nothing: `kubeadm join --control-plane` starts it with the flags of the other nodes")
            ])
    }

    private static func columns(_ lines: [(name: String, text: String)]) -> [String] {
        lines.map { $0.name + String(repeating: " ", count: max(1, 15 - $0.name.count)) + $0.text }
    }

    /// The steps before kube-apiserver.
    private func webhookLines(_ plan: InstallationPlan) throws -> [(String, String)] {
        let paths = CertificatePaths(plan.configuration, root: files.root)
        func write(_ path: String) -> String { (files.exists(path) ? "keep " : "write ") + path }
        let carried = plan.carried.map { "write \($0.path)" }
        let certificates = try certificatesText(plan, paths)
        let request = plan.request
        var lines: [(String, String)] = []
        switch request.service {
        case .systemd:
            lines += [
                ("program", write(plan.program)),
                (
                    "user",
                    environment.account(ServiceFiles.userName) == nil
                        ? "create the system user kube-entra" : "keep the system user kube-entra"
                ),
            ]
        case .staticPod: break
        }
        lines += (carried + certificates).map { ("certificates", $0) }
        if plan.makesDenyList { lines.append(("configuration", write(NodePath.deniedList))) }
        lines += [("configuration", write(NodePath.configuration)), ("kubeconfig", try kubeconfigLine(plan))]
        switch request.service {
        case .systemd:
            let isDone = journal?.startedService ?? false
            lines.append(
                (
                    "service",
                    isDone
                        ? "keep kube-entra.service, and start it if it does not run"
                        : "enable and start kube-entra.service (\(ServiceFiles.unitPath))"
                ))
        case .staticPod(let image): lines.append(("service", "\(write(podPath(request.distribution))) for \(image)"))
        }
        lines.append(("ready", "wait until the webhook at \(plan.webhookAddress) answers"))
        return lines
    }

    /// Prints what changes in a file, so that `patch` takes it.
    ///
    /// - Parameter old: nil if the file does not exist yet.
    func sayDifference(_ path: String, old: [UInt8]?, new: [UInt8]) {
        let difference = UnifiedDiff.render(
            old: String(decoding: old ?? [], as: UTF8.self), new: String(decoding: new, as: UTF8.self),
            oldName: old == nil ? "/dev/null" : path, newName: path)
        guard !difference.isEmpty else { return }
        if ExactText(PrintableText.lines(TokenMask.hide(difference))) != ExactText(difference) {
            environment.say(
                "note: below, \u{FFFD} stands for a character that cannot be shown, and <token> for a token, so `patch`"
                    + " does not take it")
        }
        // The line feed alone: behind a carriage return it is no character of its own.
        environment.say("\n" + String(difference.unicodeScalars.dropLast()))
    }

    private func kubeconfigLine(_ plan: InstallationPlan) throws -> String {
        let path = NodePath.kubeconfig
        if try files.content(path) == Array(kubeconfigText(plan).utf8) { return "keep \(path)" }
        return try presence(path) == .changed ? "keep \(path), which was changed since" : "write \(path)"
    }
}
