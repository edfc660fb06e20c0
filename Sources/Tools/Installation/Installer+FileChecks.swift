import Configuration
import Files
import Glibc
import SafeText
import Terminal

/// What `serve` would refuse on this node. Without this check, `enable` would wait for a webhook that cannot start.
extension Installer {
    /// Fails if a file that the configuration names, and that this run does not write, cannot be used by the webhook.
    func checkFiles(_ plan: InstallationPlan) throws {
        let isWritten = { (path: String) in
            plan.carries(path) || (plan.makesDenyList && ExactText(path) == ExactText(NodePath.deniedList))
        }
        let named = plan.configuration.files.filter { !isWritten(files.local($0.path)) }
        for problem in ServableConfiguration.problemsOfTenants(plan.loaded) {
            guard let file = named.first(where: { $0.field == problem.field }) else { continue }
            // The webhook trusts files of its own user, and root does not.
            if let user = owner(plan)?.user, files.owner(files.local(file.path))?.user == user { continue }
            throw CommandFailure(
                "the webhook would not start: \(problem.field): \(problem.message)",
                hint: files.exists(files.local(file.path)) ? problem.hint : missing(file, plan))
        }
        for file in named where file.isNeeded && !file.role.isWritten {
            try checkIsReadable(files.local(file.path), plan)
        }
        if plan.configurationText == nil { try checkIsReadable(NodePath.configuration, plan) }
    }

    /// Fails if some certificates and keys are there, and one is not that this run neither writes nor makes.
    func checkCertificates(_ plan: InstallationPlan) throws {
        guard !makesCertificates(plan) else { return }
        let paths = CertificatePaths(plan.configuration, root: files.root)
        let isOpen = plan.configuration.server.clientCA == nil
        let needed = paths.server + [paths.authority] + (isOpen ? [] : [paths.client, paths.clientKey])
        guard let missing = needed.first(where: { !files.exists($0) && !plan.carries($0) }) else { return }
        let isMade = journal?.made(at: missing) != nil
        let purpose =
            switch missing {
            case paths.authority: ": kube-apiserver needs the CA of the webhook's certificate"
            case paths.client, paths.clientKey:
                ": kube-apiserver needs a client certificate from the CA in \(paths.clientAuthority ?? "server.clientCA")"
            default: paths.server.first(where: files.exists).map { " beside \($0)" } ?? ""
            }
        throw CommandFailure(
            "\(missing) is missing\(purpose)",
            hint: isMade ? remedy(missing) : "put it there, with its key or certificate")
    }

    private func missing(_ file: NamedFile, _ plan: InstallationPlan) -> String {
        let path = files.local(file.path)
        if file.role == .deniedList { return DenyFile.origin(path) }
        if case .file(let config) = plan.request.source, NodePath.isInHome(path),
            ExactText(files.root + NodePath.configuration) != ExactText(config)
        {
            return "put it beside \(config): it is copied together with it"
        }
        return "copy it from another control-plane node, or from where you made the configuration"
    }

    /// Fails if the webhook's user has no permission to read a file that is there.
    private func checkIsReadable(_ path: String, _ plan: InstallationPlan) throws {
        guard let obstacle = obstacleToReading(path, isPod: plan.request.service != .systemd) else { return }
        throw CommandFailure("the webhook would not start: \(obstacle.message)", hint: obstacle.hint)
    }

    /// Why the webhook's user may not read a file that is there; nil if it may.
    func obstacleToReading(_ path: String, isPod: Bool) -> (message: String, hint: String)? {
        let owner = owner(isPod: isPod)
        var current = ""
        for part in path.split(separator: "/") {
            current += "/" + part
            var status = stat()
            guard stat(files.root + current, &status) == 0 else { return nil }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            let bits: UInt32 = isFolder ? 1 : 4
            let mode = UInt32(status.st_mode)
            // The user may be in that group, or in an access control list, whose mask the group's permissions are.
            let permitted = status.st_uid == owner?.user ? mode >> 6 : mode >> 3 | mode
            guard permitted & bits == 0 else { continue }
            let group = owner?.group ?? 0
            let word = ShellWord.quoted(current)
            let user =
                isPod
                ? "\(ServiceFiles.podUser), whom the static pod runs as," : ServiceFiles.userName
            return (
                "\(current) is not open to the user \(user)" + (isFolder ? ", and it must reach \(path)" : ""),
                isFolder
                    ? "chmod a+x \(word)"
                    : owner == nil
                        ? "chmod a+r \(word), or for a secret make the user first (systemd-sysusers)"
                        : "chgrp \(group) \(word) && chmod g+r \(word)"
            )
        }
        return nil
    }

    /// What the webhook's service said last, of its end; nil if it has not ended, or nobody knows.
    func endOfService() -> String? {
        let properties = ["--property=ActiveState", "--property=SubState", "--property=Result"]
        let ending = environment.run(["systemctl", "show"] + properties + [Installer.unit])
        guard ending.isSuccess else { return nil }
        let values = Set(ending.output.split(separator: "\n").map(String.init))
        let isRestarting = values.contains("SubState=auto-restart") && !values.contains("Result=success")
        guard values.contains("ActiveState=failed") || isRestarting else { return nil }
        return lastWords ?? "it says nothing"
    }

    /// The last error in the log of the service; nil if there is none, or it cannot be read.
    var lastWords: String? {
        let command = ["journalctl", "_SYSTEMD_UNIT=\(Installer.unit)", "--lines=20", "--output=cat", "--no-pager"]
        let ending = environment.run(command)
        guard ending.isSuccess else { return nil }
        let lines = ending.output.split(separator: "\n").map { $0.drop { $0 == " " } }
        guard let last = lines.lastIndex(where: { !$0.hasPrefix("→") }) else { return nil }
        let hint = lines.indices.contains(last + 1) ? " \(lines[last + 1])" : ""
        let name = "kube-entra: "
        let said = lines[last].hasPrefix(name) ? lines[last].dropFirst(name.count) : lines[last]
        return PrintableText.clean("\(said)\(hint)", maximum: 400)
    }
}
