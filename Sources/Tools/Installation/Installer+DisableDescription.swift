import Files
import SafeText

extension Installer {
    /// Prints what `disable` would do, and the difference of the API server's file.
    ///
    /// - Throws: `CommandFailure` if a file cannot be read, or `disable` would refuse to change it.
    public func disableDryRun(_ distribution: Distribution, isLastNode: Bool) throws {
        try files.checkJournalFolder()
        let current = try files.content(distribution.flagFile)
        let isInForce = current.map { APIServerFiles.asks($0, distribution, flags) } ?? false
        var lines: [(String, String)] = [("distribution", distribution.rawValue)]
        let path = try files.target(of: distribution.flagFile)
        if isInForce, let current { try checkDropIn(current, distribution) }
        let use = isInForce || journal != nil ? remainingUse(distribution, current) : nil
        if let use { lines.append(("check", "disable would end here: \(use.sentence)")) }
        if !isInForce {
            lines.append(("change", "nothing: kube-apiserver does not have the flags"))
        } else if let restart = distribution.restart {
            lines += [("change", "remove \(distribution.flagFile)"), ("change", restart.joined(separator: " "))]
        } else {
            lines.append(("change", "change \(path) as below"))
        }
        lines.append(clusterLine(distribution, isLastNode: isLastNode))
        if let journal {
            if journal.startedService { lines.append(("service", "stop the webhook")) }
            lines += journal.made.reversed().compactMap { made in fileLine(made, distribution) }
            lines += leftoversToKeep(journal).map { ("file", "keep \($0), which belongs to root then") }
            if journal.madeUser { lines.append(("user", "remove the system user \(ServiceFiles.userName)")) }
        }
        if journal?.isOfDisable ?? true {
            let parts = unknownParts
            lines += parts.map { ("kept", "\($0.what); to remove it: \($0.removal)") }
            if parts.isEmpty { lines.append(("files", "nothing: there is none of kube-entra on this node")) }
        }
        if isInForce, let note = noteOfOtherName(path) { environment.say(PrintableText.line(note)) }
        sayOtherManifests(distribution)
        sayWebhookPods(distribution)
        for (name, text) in lines {
            environment.say(PrintableText.line(name + String(repeating: " ", count: max(1, 15 - name.count)) + text))
        }
        if isInForce, distribution == .kubeadm, let current {
            sayDifference(path, old: current, new: try manifest(before: current, journal))
        }
        if let use { throw use.failure }
    }

    private func clusterLine(_ distribution: Distribution, isLastNode: Bool) -> (String, String) {
        guard var objects = try? clusterObjects(distribution) else {
            return ("cluster", "not known: the API server does not answer")
        }
        guard !objects.isEmpty else { return ("cluster", "nothing: enable left nothing there") }
        let obstacle = obstacleToRelease(distribution, objects, isLast: isLastNode)
        if obstacle != nil { objects.binding = false }
        let removal = objects.isEmpty ? nil : "remove \(objects.text), unless somebody changed that since"
        return ("cluster", [removal, obstacle, clusterDetour].compactMap { $0 }.joined(separator: "; "))
    }

    /// Nil for the file with the flags, which has its own line, and for a file that no longer exists.
    private func fileLine(_ made: InstallationJournal.Made, _ distribution: Distribution) -> (String, String)? {
        guard made.path != ExactText(distribution.flagFile), files.exists(made.path.text) else { return nil }
        guard let digest = made.sha256 else { return ("folder", "remove \(made.path) if it is empty then") }
        let content = try? FileIO.read(files.root + made.path.text, maximumBytes: 256 << 20)
        let isUnchanged = content.map(NodeFiles.digest) == digest
        return ("file", isUnchanged ? "remove \(made.path)" : "keep \(made.path), which was changed since")
    }
}
