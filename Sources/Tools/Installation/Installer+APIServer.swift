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

    /// What is said before a file that has another name is changed; nil if it has none.
    func noteOfOtherName(_ path: String) -> String? {
        guard files.hasOtherNames(path) else { return nil }
        return
            "note: \(path) has another name too (a hard link), which keeps the file of before: the kubelet must never"
            + " read half a file, so it is replaced as a whole; a symbolic link is followed instead"
    }

    private func isAsked(_ issuer: String) -> Bool {
        if case .asked = askAPIServer(issuer) { true } else { false }
    }

    func waitForAPIServer(_ plan: InstallationPlan, _ change: APIServerFiles) throws {
        var problem = ""
        var said: String?
        var hint: String?
        var isAsked = false
        if change.isChange { say(.apiServer, "waiting until the API server serves again") }
        let isThere = wait(plan.request.timeout, reporting: (.apiServer, { problem })) {
            switch askAPIServer(plan.issuer) {
            case .asked: isAsked = true
            case .notAsked(let text):
                said = text
                let what = ProbeToken.isCall(text) ? "cannot reach the webhook" : "has not asked the webhook"
                hint = nil
                problem = "it answers, but \(what)" + (text.map { "; it says \($0)" } ?? "")
            case .failed(let reason, let known): (problem, hint) = (reason, known)
            }
            return isAsked
        }
        guard isThere else {
            try checkInterruption()
            // An API server that cannot reach the webhook has nothing more to say about it.
            let log =
                ProbeToken.isCall(said) && plan.request.service == .systemd
                ? "journalctl -u kube-entra -n 20"
                : "crictl logs $(crictl ps -a --quiet --name kube-apiserver | head -1)"
            throw CommandFailure(
                "the API server does not answer through the webhook: \(problem)",
                hint: hint ?? "the log says why: \(log)")
        }
        say(.apiServer, "serves, and answers through the webhook (\(ProbeToken.expected))" + elsewhere)
    }

    // The way back

    /// Undoes every change, and describes that in the failure.
    func rollBack(
        after failure: CommandFailure, _ request: InstallationRequest, _ change: APIServerFiles,
        to earlier: InstallationJournal?
    ) -> CommandFailure {
        guard let journal else { return failure }
        say(named: "failed", failure.sentence)
        let wasChanged = journal.step.index >= InstallationStep.change.index && !isUntouched(change)
        var sentence = failure.sentence
        var status = CommandFailure.Status.cannot
        if wasChanged {
            status = .no
            do {
                let isBack = try restoreAPIServer(journal, request.timeout)
                sentence +=
                    isBack
                    ? "; the old manifest is back and the API server serves as before"
                    : "; the old manifest is back, but the API server does not answer yet\(returnObstacle)"
            } catch let problem as CommandFailure {
                // The journal stays, so that the next run tries again.
                let copy = files.exists(NodePath.copy) ? "; the manifest of before is \(NodePath.copy)" : ""
                return CommandFailure(
                    "\(sentence); going back failed as well: \(problem.sentence)",
                    hint: "`kube-entra disable` tries again" + copy, status: .no)
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
        if let remains {
            return CommandFailure(
                "\(sentence); \(remains) (named above)",
                hint: [failure.hint, "`kube-entra disable` tries again to remove them"].compactMap { $0 }
                    .joined(separator: "; "), status: .no)
        }
        return CommandFailure(sentence, hint: failure.hint, status: status)
    }

    /// Whether this run was to change kube-apiserver's file, and could not.
    private func isUntouched(_ change: APIServerFiles) -> Bool {
        guard change.isChange, journal?.step == .change else { return false }
        do {
            return try files.content(change.path) == change.old
        } catch {
            return false
        }
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
            // An earlier run may have ended between the file and the restart.
            if distribution.restart != nil, !answersWithoutWebhook(distribution) { try restartAgain(distribution) }
            return waitForReturn(distribution, timeout)
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
            if case .failed(let reason) = files.remove(path) {
                throw CommandFailure("\(path) cannot be removed: \(reason)")
            }
            say(named: "change", "removed \(path)")
            try restartAgain(distribution)
        }
        say(named: "api-server", "waiting until the API server serves again")
        let isBack = waitForReturn(distribution, timeout)
        if isBack { say(named: "api-server", "serves as before" + elsewhere) }
        return isBack
    }

    /// Restarts kube-apiserver where the kubelet does not, after its flags were taken away.
    private func restartAgain(_ distribution: Distribution) throws {
        guard let restart = distribution.restart, let service = restart.last else { return }
        do {
            try run(restart, "kube-apiserver does not start again")
        } catch let failure as CommandFailure {
            throw CommandFailure(
                failure.sentence,
                hint: "journalctl -u \(service) -n 20 says why; then run `kube-entra disable` again", status: .no)
        }
        say(named: "change", "restarted \(service)")
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
        let before = try manifestBefore()
        if let before, isUntouched { return before }
        // Somebody else has changed it too; their change stays.
        do throws(ManifestProblem) {
            return try APIServerManifest.removing(flags, from: current, before: before)
        } catch {
            throw CommandFailure("\(Distribution.kubeadm.flagFile): \(error.sentence)", hint: error.hint)
        }
    }

    /// The copy of the manifest from before `enable` added the flags; nil if there is none.
    func manifestBefore() throws -> [UInt8]? {
        guard let copy = try files.content(NodePath.copy), !APIServerFiles.asks(copy, .kubeadm, flags) else {
            return nil
        }
        return copy
    }

    /// Said beside what an API server answered that may be another node's.
    private var elsewhere: String { nodeDetour.map { "; \($0)" } ?? "" }

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
        if isInForce, let note = noteOfOtherName(try files.target(of: distribution.flagFile)) {
            environment.say(PrintableText.line(note))
        }
        sayOtherManifests(distribution)
        let isKnown = journal.map { !$0.isOfDisable } ?? false
        if isKnown { sayWebhookPods(distribution) } else { sayUnknownParts() }
        let otherPods = OtherManifests.webhookPods(distribution, files: files, journal: journal)
        sayWhatStays(distribution, isLast: isLastNode)
        if let journal, journal.step != .done {
            let isDisable = journal.direction == .disable
            say(
                .check,
                "an earlier \(isDisable ? "disable" : "run") stopped at the step \(journal.step.rawValue); this"
                    + (isDisable ? " one goes on from there" : " takes it back"))
        }
        let earlier = self.journal
        let isPod = files.exists(podPath(distribution))
        var journal =
            earlier
            ?? InstallationJournal(
                distribution: distribution, service: isPod ? ServiceKind.staticPodName : ServiceKind.systemd.name,
                began: environment.now().rfc3339)
        if earlier == nil { journal.isOfDisable = true }
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
        journal = self.journal ?? journal
        // A node that was only prepared has no API server, and the cluster has nothing of it.
        if journal.isPrepared, current == nil {
            clear(journal)
            return try sayDone()
        }
        let isBack: Bool
        do {
            isBack = try restoreAPIServer(journal, timeout)
        } catch let failure as CommandFailure {
            throw unfinished(failure, distribution, current, earlier)
        }
        guard isBack else {
            let cause = interruption(ignoring: Interruption.lostConnection).map { "interrupted by \($0): " } ?? ""
            let log = distribution.restart?.last.map { "journalctl -u \($0)" } ?? "journalctl -u kubelet"
            let advice = obstacleToReturn?.hint ?? "look at it (\(log) -n 20)"
            throw CommandFailure(
                "\(cause)the flags are gone, but the API server does not answer yet\(returnObstacle)",
                hint: "\(advice), then run `kube-entra disable` again: the webhook still runs until then", status: .no)
        }
        // The rest takes a moment, and is not left half done.
        isGoingBack = true
        let objects = (try? clusterObjects(distribution)) ?? ClusterObjects(binding: true, configuration: true)
        releaseCluster(distribution, objects, isLast: isLastNode)
        guard isKnown else {
            clear(journal)
            for part in unknownParts { say(named: "kept", "\(part.what); to remove it: \(part.removal)") }
            return try sayDone()
        }
        clear(journal)
        for path in otherPods { say(named: "kept", "\(path), which runs the webhook too: remove it yourself") }
        try sayDone()
    }

    /// Why `disable` did not come further than kube-apiserver's file. If that is as it was, nothing has happened, and
    /// the journal says what it said before.
    private func unfinished(
        _ failure: CommandFailure, _ distribution: Distribution, _ current: [UInt8]?, _ earlier: InstallationJournal?
    ) -> CommandFailure {
        let path = distribution.flagFile
        guard let current, (try? files.content(path)) == current else {
            // A restart that failed has said what to do.
            guard failure.status != .no else { return failure }
            let copy = files.exists(NodePath.copy) ? "\(path) was as \(NodePath.copy) is; " : ""
            return CommandFailure(
                "\(failure.sentence); \(path) may be damaged", hint: "\(copy)then run `kube-entra disable` again",
                status: .no)
        }
        journal = earlier
        if earlier == nil {
            for path in [NodePath.copy, NodePath.journal] { files.remove(path) }
        } else {
            try? saveJournal()
        }
        let rest = earlier.map { $0.step == .done } ?? true ? "" : ", and what an earlier run left half done still is"
        return CommandFailure(
            "\(failure.sentence); nothing was changed: kube-apiserver still asks the webhook\(rest)",
            hint: failure.hint ?? "look why (a read-only file system?), then run `kube-entra disable` again")
    }

    /// Warns of other files that run a kube-apiserver: what is changed then may not be what runs.
    func sayOtherManifests(_ distribution: Distribution) {
        guard let sentence = OtherManifests.sentence(OtherManifests.paths(distribution, files: files)) else { return }
        environment.say(PrintableText.line("warning: \(sentence); \(OtherManifests.advice)"))
    }

    /// Warns of webhooks that go on running without their files.
    func sayWebhookPods(_ distribution: Distribution) {
        let paths = OtherManifests.webhookPods(distribution, files: files, journal: journal)
        guard let sentence = OtherManifests.sentence(webhookPods: paths) else { return }
        environment.say("warning: \(sentence): remove it if it is of no use without \(NodePath.home)")
    }

    private func sayDone() throws {
        if let remains {
            throw CommandFailure(
                "kube-apiserver is as it was before, but \(remains) (named above)",
                hint: "look why (a read-only file system?), then run `kube-entra disable` again", status: .no)
        }
        say(named: "done", "the node is as it was before" + (hasKept ? ", except for what was kept" : ""))
    }
}
