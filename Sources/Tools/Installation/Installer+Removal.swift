import Configuration
import Files
import SafeText
import Terminal

/// Removing what `enable` made.
extension Installer {
    /// Stops the service, removes files that `enable` created and nobody changed, and the journal at last.
    ///
    /// If something cannot be removed, the journal stays, so that the next run tries again.
    func clear(_ journal: InstallationJournal) {
        // A webhook that still runs needs its files.
        guard stopService(journal) else {
            try? saveJournal()
            return
        }
        self.journal = journal
        restoreReplaced()
        let journal = self.journal ?? journal
        let written = writtenFiles
        for made in journal.made.reversed() where made.path != ExactText(journal.distribution.flagFile) {
            removeMade(made.path.text, journal)
        }
        if journal.made(at: NodePath.state) != nil {
            remove(NodePath.state + "/keys.json")
            remove(NodePath.state)
        }
        // What cannot be removed may still belong to the user.
        guard stuck.isEmpty else {
            try? saveJournal()
            return
        }
        if journal.madeUser {
            takeOverLeftovers(written)
            removeUser()
        }
        // Without it, certificates that stay could not be renewed.
        let keepsKey = journal.made(at: NodePath.authorityKey) == nil && hasCertificates
        for path in [NodePath.copy, keepsKey ? nil : NodePath.authorityKey, NodePath.journal].compactMap({ $0 }) {
            files.removeTemporary(path)
            remove(path)
        }
        guard stuck.isEmpty else { return }
        self.journal = nil
        removeCopies()
    }

    /// Removes a file or an empty folder, and reports it if that is not possible.
    @discardableResult
    func remove(_ path: String) -> Bool {
        let removal = files.remove(path)
        if case .failed(let reason) = removal, stuck.insert(ExactText(path)).inserted {
            say(named: "stays", "\(path) cannot be removed: \(reason)")
        }
        return removal == .removed
    }

    /// What could not be removed; nil if nothing is left that should not be.
    var remains: String? {
        stuck.isEmpty ? nil : "\(stuck.count) part\(stuck.count == 1 ? "" : "s") of kube-entra cannot be removed"
    }

    /// Removes the service's user, or says why it stays. The service has no process left: systemctl(1) waits for them.
    func removeUser() {
        guard environment.account(ServiceFiles.userName) != nil else { return }
        let ending = environment.run(["userdel", ServiceFiles.userName])
        guard !ending.isSuccess, environment.account(ServiceFiles.userName) != nil else { return }
        say(
            named: "kept",
            "the user \(ServiceFiles.userName): \(ending.message); to remove it: userdel \(ServiceFiles.userName)")
    }

    /// Removes a file if it is unchanged, or a folder if it is empty.
    @discardableResult
    func removeMade(_ path: String, _ journal: InstallationJournal) -> Bool {
        guard let made = journal.made(at: path) else { return false }
        files.removeTemporary(path)
        guard files.exists(path) else { return false }
        if made.sha256 != nil, let folder = files.sharedFolder(above: path) {
            say(named: "kept", "\(path), because \(folder) is not for root alone: look at it, then remove it yourself")
            return false
        }
        let lock = denyListLock(path)
        defer { withExtendedLifetime(lock) {} }
        if let digest = made.sha256 {
            let current = try? FileIO.read(files.root + path, maximumBytes: 256 << 20)
            guard current.map(NodeFiles.digest) == digest else {
                say(named: "kept", "\(path) was changed since, so it stays")
                return false
            }
        }
        guard remove(path) else { return false }
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
