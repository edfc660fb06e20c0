import Configuration
import Files
import SafeText
import Terminal
import Timestamps

extension Installer {
    /// Copies the file before it is changed, outside of the folder that the kubelet watches.
    func keepCopy(_ change: APIServerFiles) throws {
        guard let old = change.old, change.isChange, change.distribution == .kubeadm else { return }
        try files.write(old, to: NodePath.copy, mode: 0o600)
        say(.copy, "kept the manifest of now as \(NodePath.copy)")
    }

    func changeAPIServer(_ plan: InstallationPlan, _ change: APIServerFiles) throws {
        guard change.isChange else {
            say(.change, "kube-apiserver has the flags")
            // An earlier run ended after it wrote the file and before the restart.
            guard let restart = change.distribution.restart, !isAsked(plan.issuer) else { return }
            try run(restart, "kube-apiserver does not start with the flags")
            return say(.change, "restarted \(restart.last ?? "")")
        }
        journal?.changedSHA256 = NodeFiles.digest(change.new)
        if change.old == nil {
            try makeFolder(NodePath.folder(of: change.path))
            journal?.note(change.path, sha256: NodeFiles.digest(change.new))
        }
        try saveJournal()
        let current = try files.content(change.path)
        guard current == change.old else {
            throw CommandFailure(
                "\(change.path) was changed by somebody else in the meantime", hint: "run enable again")
        }
        try files.write(change.new, to: change.target, mode: 0o600)
        say(.change, "gave kube-apiserver the flags and the folder: \(change.target)")
        if let restart = change.distribution.restart {
            try run(restart, "kube-apiserver does not start with the flags")
            say(.change, "restarted \(restart.last ?? "")")
        }
    }

    private func isAsked(_ issuer: String) -> Bool {
        if case .asked = askAPIServer(issuer) { true } else { false }
    }

    func waitForAPIServer(_ plan: InstallationPlan, _ change: APIServerFiles) throws {
        var problem = ""
        var isAsked = false
        if change.isChange { say(.apiServer, "waiting until the API server serves again") }
        let isThere = wait(plan.request.timeout, reporting: (.apiServer, { problem })) {
            switch askAPIServer(plan.issuer) {
            case .asked: isAsked = true
            case .notAsked(let text):
                let what = ProbeToken.isCall(text) ? "cannot reach the webhook" : "has not asked the webhook"
                problem = "it answers, but \(what)" + (text.map { "; it says \($0)" } ?? "")
            case .failed(let reason): problem = reason
            }
            return isAsked
        }
        guard isThere else {
            throw CommandFailure(
                "the API server does not answer through the webhook: \(problem)",
                hint: "its log says why: crictl logs $(crictl ps -a --quiet --name kube-apiserver | head -1)")
        }
        say(.apiServer, "serves, and answers through the webhook (\(ProbeToken.expected))")
    }

    // The way back

    /// Undoes every change, and describes that in the failure.
    func rollBack(
        after failure: CommandFailure, _ request: InstallationRequest, _ change: APIServerFiles,
        to earlier: InstallationJournal?
    ) -> CommandFailure {
        guard let journal else { return failure }
        say(named: "failed", failure.sentence)
        let wasChanged = journal.step.index >= InstallationStep.change.index
        var sentence = failure.sentence
        var status = CommandFailure.Status.cannot
        if wasChanged {
            status = .no
            do {
                let isBack = try restoreAPIServer(journal, request.timeout)
                sentence +=
                    isBack
                    ? "; the old manifest is back and the API server serves as before"
                    : "; the old manifest is back, but the API server does not answer yet"
            } catch let problem as CommandFailure {
                // The journal stays, so that the next run tries again.
                return CommandFailure(
                    "\(sentence); going back failed as well: \(problem.sentence)",
                    hint: "`kube-entra disable` tries again; the manifest of before is \(NodePath.copy)", status: .no)
            } catch {
                return failure
            }
            // Only what this run made: another node may have made the rest.
            var objects =
                (try? clusterObjects(journal.distribution)) ?? ClusterObjects(binding: true, configuration: true)
            if journal.bindings.isEmpty || earlier?.bindings.isEmpty == false { objects.binding = false }
            if !journal.changedClusterConfiguration || earlier?.changedClusterConfiguration == true {
                objects.configuration = false
            }
            releaseCluster(journal.distribution, objects, isLast: false)
        } else {
            sentence += "; nothing was changed at kube-apiserver"
        }
        // The manifest has its final content, so its copy is no longer needed.
        if earlier != nil, journal.step.index >= InstallationStep.copy.index { files.remove(NodePath.copy) }
        takeBack(to: earlier)
        return CommandFailure(sentence, hint: failure.hint, status: status)
    }

    /// Restores kube-apiserver's file, and waits until it serves again.
    ///
    /// - Returns: whether it answers without the webhook.
    func restoreAPIServer(_ journal: InstallationJournal, _ timeout: Duration) throws -> Bool {
        let distribution = journal.distribution
        let path = try files.target(of: distribution.flagFile)
        files.removeTemporary(path)
        guard let current = try files.content(path), APIServerFiles.asks(current, distribution, flags) else {
            if distribution != .kubeadm, files.exists(path) {
                say(named: "kept", "\(path) was changed since, so it stays")
            }
            return wait(timeout, until: answersWithoutWebhook)
        }
        try checkDropIn(current, distribution)
        switch distribution {
        case .kubeadm:
            let old = try manifest(before: current, journal)
            do {
                try files.write(old, to: path)
            } catch {
                // On a full disk, there is still room for the smaller text in place of the larger one.
                try files.overwrite(old, at: path)
            }
            say(named: "change", "put the manifest back as it was: \(path)")
        case .rke2, .k3s:
            let path = distribution.flagFile
            guard files.remove(path) else { throw CommandFailure("\(path) cannot be removed") }
            say(named: "change", "removed \(path)")
            if let restart = distribution.restart { try run(restart, "kube-apiserver does not start again") }
        }
        say(named: "api-server", "waiting until the API server serves again")
        let isBack = wait(timeout, until: answersWithoutWebhook)
        if isBack { say(named: "api-server", "serves as before") }
        return isBack
    }

    /// Fails if a drop-in has the flags and more: then only its author can take them out.
    func checkDropIn(_ current: [UInt8], _ distribution: Distribution) throws {
        guard distribution != .kubeadm, !APIServerFiles.isOurs(current, distribution, flags, journal) else { return }
        throw CommandFailure(
            "\(distribution.flagFile) was changed since, so it stays, and kube-apiserver asks the webhook",
            hint: "move your own settings to another file in that folder, or take \(WebhookFlags.configFileName) out,"
                + " then run `kube-entra disable` again")
    }

    /// The manifest without the flags.
    func manifest(before current: [UInt8], _ journal: InstallationJournal?) throws -> [UInt8] {
        let isUntouched = NodeFiles.digest(current) == journal?.changedSHA256
        if let copy = try files.content(NodePath.copy), isUntouched, !APIServerFiles.asks(copy, .kubeadm, flags) {
            return copy
        }
        // Somebody else has changed it too; their change stays.
        do throws(ManifestProblem) {
            return try APIServerManifest.removing(flags, from: current)
        } catch {
            throw CommandFailure("\(Distribution.kubeadm.flagFile): \(error.sentence)", hint: error.hint)
        }
    }

    private func answersWithoutWebhook() -> Bool {
        // An API server that still has the flags, without a running webhook, has not restarted yet.
        if case .notAsked(let text) = askAPIServer(nodeIssuer) { !ProbeToken.isCall(text) } else { false }
    }

    // Disabling

    /// Undoes everything that `enable` did. What existed before, or was changed since, stays.
    ///
    /// - Parameter isLastNode: whether no other node uses the webhook, where the cluster cannot tell.
    /// - Throws: `CommandFailure` if something cannot be undone; a repeated run continues.
    public func disable(_ distribution: Distribution, timeout: Duration, isLastNode: Bool = false) throws {
        try exclusively { try disableAlone(distribution, timeout: timeout, isLastNode: isLastNode) }
    }

    private func disableAlone(_ distribution: Distribution, timeout: Duration, isLastNode: Bool) throws {
        let current = try files.content(distribution.flagFile)
        let isInForce = current.map { APIServerFiles.asks($0, distribution, flags) } ?? false
        guard journal != nil || isInForce else {
            // An earlier run ended while it wrote the journal for the first time.
            files.removeTemporary(NodePath.journal)
            return removeLeftovers(distribution, isLast: isLastNode)
        }
        if isInForce, let current { try checkDropIn(current, distribution) }
        if let use = remainingUse(distribution, current) { throw use.failure }
        sayOtherManifests(distribution)
        if let journal, journal.step != .done {
            say(.check, "an earlier run stopped at the step \(journal.step.rawValue); this takes it back")
        }
        var journal =
            self.journal
            ?? InstallationJournal(
                distribution: distribution, service: ServiceKind.systemd.name, began: environment.now().rfc3339)
        journal.direction = .disable
        self.journal = journal
        if isInForce {
            // A copy is kept even if the flags were added by hand.
            if self.journal?.changedSHA256 == nil, let current, distribution == .kubeadm {
                _ = try files.makeFolder(NodePath.journalFolder, mode: 0o700)
                try files.write(current, to: NodePath.copy, mode: 0o600)
            }
        }
        try begin(.change)
        // A node that was only prepared has no API server, and the cluster has nothing of it.
        if journal.isPrepared, current == nil {
            clear(journal)
            return sayDone()
        }
        guard try restoreAPIServer(journal, timeout) else {
            throw CommandFailure(
                "the flags are gone, but the API server does not answer yet",
                hint: "look at it, then run `kube-entra disable` again: the webhook still runs until then", status: .no)
        }
        let objects = (try? clusterObjects(distribution)) ?? ClusterObjects(binding: true, configuration: true)
        releaseCluster(distribution, objects, isLast: isLastNode)
        clear(journal)
        sayDone()
    }

    /// Warns of other files that run a kube-apiserver: what is changed then may not be what runs.
    func sayOtherManifests(_ distribution: Distribution) {
        guard let sentence = OtherManifests.sentence(OtherManifests.paths(distribution, files: files)) else { return }
        environment.say("warning: \(sentence); \(OtherManifests.advice)")
    }

    private func sayDone() {
        say(named: "done", "the node is as it was before" + (hasKept ? ", except for what was kept" : ""))
    }

    /// Stops the service, removes files that `enable` created and nobody changed, and the journal at last.
    func clear(_ journal: InstallationJournal) {
        stopService(journal)
        self.journal = journal
        restoreReplaced()
        let journal = self.journal ?? journal
        let written = writtenFiles
        for made in journal.made.reversed() where made.path != ExactText(journal.distribution.flagFile) {
            removeMade(made.path.text, journal)
        }
        if journal.made(at: NodePath.state) != nil {
            files.remove(NodePath.state + "/keys.json")
            files.remove(NodePath.state)
        }
        if journal.madeUser {
            takeOverLeftovers(written)
            removeUser()
        }
        for path in [NodePath.copy, NodePath.authorityKey, NodePath.journal] { files.removeTemporary(path) }
        for path in [NodePath.copy, NodePath.authorityKey, NodePath.journal] { files.remove(path) }
        self.journal = nil
        removeCopies()
    }

    /// Removes the service's user, or says why it stays. userdel refuses while one of its processes is still ending.
    func removeUser() {
        guard environment.account(ServiceFiles.userName) != nil else { return }
        var message = ""
        let isGone = wait(.seconds(5)) {
            let ending = environment.run(["userdel", ServiceFiles.userName])
            message = ending.message
            return ending.isSuccess || environment.account(ServiceFiles.userName) == nil
        }
        if !isGone { say(named: "kept", "the user \(ServiceFiles.userName): \(message)") }
    }

    /// Removes a file if it is unchanged, or a folder if it is empty.
    @discardableResult
    func removeMade(_ path: String, _ journal: InstallationJournal) -> Bool {
        guard let made = journal.made(at: path) else { return false }
        files.removeTemporary(path)
        guard files.exists(path) else { return false }
        let lock = denyListLock(path)
        defer { withExtendedLifetime(lock) {} }
        if let digest = made.sha256 {
            let current = try? FileIO.read(files.root + path, maximumBytes: 256 << 20)
            guard current.map(NodeFiles.digest) == digest else {
                say(named: "kept", "\(path) was changed since, so it stays")
                return false
            }
        }
        guard files.remove(path) else { return false }
        lock?.remove()
        return true
    }

    /// The lock that `kube-entra deny` left beside a deny list, so that nobody writes the list while it is removed; nil
    /// for every other file.
    private func denyListLock(_ path: String) -> FileLock? {
        let file = files.root + path
        guard files.exists(path + ".lock"), (try? DenyFile.read(file)) != nil else { return nil }
        return try? FileLock(path: file + ".lock", guarding: file)
    }
}
