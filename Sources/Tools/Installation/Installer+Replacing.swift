import Configuration
import SafeText
import Terminal

/// What is at the place of a file that `enable` writes.
enum Presence {
    case absent
    /// What `enable` wrote there.
    case ours
    /// `enable` wrote it, and somebody changed it since.
    case changed
    case foreign
}

extension Installer {
    func presence(_ path: String) throws -> Presence {
        guard let current = try files.content(path) else { return .absent }
        guard let made = journal?.made(at: path)?.sha256 else { return .foreign }
        // An interrupted run may have recorded a file that it did not get to write.
        let before = journal?.replaced.filter { $0.path == ExactText(path) }.map(\.sha256) ?? []
        return ([made] + before).contains(NodeFiles.digest(current)) ? .ours : .changed
    }

    /// Fails if a file that this run would have to write is there already, and is somebody else's, or if another
    /// program has a port of the webhook.
    func checkPlaces(_ plan: InstallationPlan) throws {
        var places: [(path: String, text: [UInt8]?)] = [(NodePath.kubeconfig, Array(kubeconfigText(plan).utf8))]
        if plan.request.service == .systemd, environment.account(ServiceFiles.userName) == nil {
            places.append((ServiceFiles.sysusersPath, Array(ServiceFiles.sysusers.utf8)))
        }
        let paths = CertificatePaths(plan.configuration, root: files.root)
        for path in [NodePath.configuration] + plan.carried.map(\.path) { try files.checkFolders(above: path) }
        if makesCertificates(plan) {
            for path in certificatePlaces(paths).map(\.path) where !plan.carries(path) { try checkIsMadeHere(path) }
            places += [paths.authority, paths.client, paths.clientKey].filter { path in
                !plan.carries(path)
            }.map { ($0, nil) }
        }
        for place in places {
            let presence = try presence(place.path)
            // A changed certificate cannot stay beside new ones, as other changed files do.
            guard presence == .foreign || (presence == .changed && place.text == nil) else { continue }
            if let text = place.text, try files.content(place.path) == text { continue }
            throw CommandFailure(
                "\(place.path) is there already, and `enable` did not write it"
                    + (presence == .changed ? " so" : ""),
                hint: "look at it and move it away, then run enable again")
        }
        try checkPod(plan)
        try checkCertificates(plan)
        try checkFiles(plan)
        try checkPorts(plan)
    }

    /// Fails if certificates would be made elsewhere than in the node's own folder: a configuration's author must not
    /// choose where root writes.
    private func checkIsMadeHere(_ path: String) throws {
        guard !NodePath.isInHome(path), ExactText(path) != ExactText(NodePath.authorityKey) else {
            return try files.checkFolders(above: path)
        }
        throw CommandFailure(
            "\(path): there is no such file, and `enable` makes certificates only in \(NodePath.home)",
            hint: "put the certificates there yourself, or name them relative to the configuration: certs/server.crt")
    }

    /// Whether this run has to make a CA and certificates: there are none, or an interrupted run made some of them.
    func makesCertificates(_ plan: InstallationPlan) -> Bool {
        let paths = CertificatePaths(plan.configuration, root: files.root)
        let isThere = paths.server.contains { path in
            files.exists(path) || plan.carries(path)
        }
        guard isThere else { return true }
        // Only a run that made its own CA, and ended before it changed kube-apiserver.
        guard isContinued, journal?.made(at: NodePath.authorityKey) != nil else {
            return false
        }
        let found = (paths.server + [paths.authority, paths.client, paths.clientKey]).map { try? presence($0) }
        return found.contains(.absent) && found.allSatisfy { $0 == .absent || $0 == .ours }
    }

    // Writing with the journal

    /// Writes a file. If it did not exist, the journal records it first, so that it can be removed again. If it did, it
    /// is kept until the run has ended well.
    ///
    /// - Throws: `CommandFailure` if somebody else has put other content there, or could do so now.
    func put(_ bytes: [UInt8], at path: String, mode: UInt32, owner: NodeFiles.Owner? = nil) throws {
        try files.checkFolders(above: path)
        let made = journal?.made(at: path)
        guard let current = try files.content(path) else {
            journal?.note(path, sha256: NodeFiles.digest(bytes))
            try saveJournal()
            do {
                return try files.write(bytes, to: path, mode: mode, owner: owner, replacing: false)
            } catch {
                // What is there now is not ours.
                if made == nil { journal?.made.removeAll { $0.path == ExactText(path) } }
                throw error
            }
        }
        // A key that a run without its journal has left is in a folder of our own.
        let isLeft = ExactText(path) == ExactText(NodePath.authorityKey)
        guard made != nil || current == bytes || isLeft else {
            throw CommandFailure(
                "\(path) was put there by somebody else in the meantime",
                hint: "look at it and move it away, then run enable again")
        }
        let copy = noteReplaced(current, path, by: bytes, owner)
        if made != nil { journal?.note(path, sha256: NodeFiles.digest(bytes)) }
        try saveJournal()
        if let copy { try files.write(current, to: copy, mode: 0o600) }
        try files.write(bytes, to: path, mode: mode, owner: owner)
    }

    /// Records a file that is about to be replaced. Returns the place of its copy; nil if there is nothing to copy.
    private func noteReplaced(
        _ current: [UInt8], _ path: String, by bytes: [UInt8], _ newOwner: NodeFiles.Owner?
    ) -> String? {
        guard let journal, let owner = files.owner(path), current != bytes || (newOwner ?? owner) != owner else {
            return nil
        }
        let digest = NodeFiles.digest(current)
        if let known = journal.replaced.first(where: { $0.path == ExactText(path) }) {
            // An earlier run was interrupted before it replaced the file, or after that.
            return known.sha256 == digest ? known.copy : nil
        }
        let name = path.split(separator: "/").last ?? ""
        let copy = "\(NodePath.journalFolder)/\(Installer.copyPrefix)\(journal.replaced.count)-\(name)"
        self.journal?.replaced.append(.init(path: ExactText(path), sha256: digest, owner: owner, copy: copy))
        return copy
    }

    private static let copyPrefix = "replaced-"

    /// Ends a run that succeeded.
    func finish() throws {
        let replaced = journal?.replaced ?? []
        journal?.replaced = []
        do {
            try begin(.done)
        } catch {
            journal?.replaced = replaced
            throw error
        }
        removeCopies()
    }

    /// Restores the earlier content of replaced files. A file that was changed in the meantime stays.
    func restoreReplaced() {
        for kept in (journal?.replaced ?? []).reversed() {
            let made = journal?.made.firstIndex { $0.path == kept.path && $0.sha256 != nil }
            let current = (try? files.content(kept.path.text)).flatMap { $0 }.map(NodeFiles.digest)
            if let current, let made, current != journal?.made[made].sha256, current != kept.sha256 { continue }
            if let old = (try? files.content(kept.copy)).flatMap({ $0 }), NodeFiles.digest(old) == kept.sha256 {
                do {
                    try files.write(old, to: kept.path.text, mode: 0o600, owner: kept.owner)
                } catch {
                    stuck.insert(kept.path)
                    say(named: "stays", "\(kept.path) cannot be put back; it was as \(kept.copy) is")
                    continue
                }
            }
            if let made { journal?.made[made].sha256 = kept.sha256 }
            journal?.replaced.removeAll { $0.path == kept.path }
        }
    }

    /// Removes copies that no replaced file needs any more.
    func removeCopies() {
        let needed = Set(journal?.replaced.map(\.copy) ?? [])
        for name in files.names(in: NodePath.journalFolder) {
            let path = "\(NodePath.journalFolder)/\(name)"
            let isCopy = name.hasPrefix(Installer.copyPrefix) || name.hasPrefix("." + Installer.copyPrefix)
            if isCopy, !needed.contains(path) { files.remove(path) }
        }
    }

    /// Undoes what a failed run did on the node: everything, or what came after an earlier run that ended well.
    func takeBack(to earlier: InstallationJournal?) {
        guard let journal else { return }
        guard let earlier else { return clear(journal) }
        restoreReplaced()
        if let journal = self.journal {
            // Also a unit that only this run wrote: systemd would go on starting it.
            let hasNewUnit = [journal, earlier].map { $0.made(at: ServiceFiles.unitPath) != nil } == [true, false]
            if journal.startedService, !earlier.startedService || hasNewUnit { stopService(journal) }
            for made in journal.made.reversed()
            where made.path != ExactText(journal.distribution.flagFile) && earlier.made(at: made.path) == nil {
                removeMade(made.path.text, journal)
            }
        }
        if journal.madeUser, !earlier.madeUser { removeUser() }
        let failed = self.journal ?? journal
        self.journal = earlier
        // The next run tries again to remove it.
        if !stuck.isEmpty {
            self.journal?.made += failed.made.filter { earlier.made(at: $0.path) == nil && files.exists($0.path.text) }
        }
        // What could not be put back is still what this run wrote.
        self.journal?.replaced = failed.replaced
        for kept in failed.replaced {
            let written = failed.made(at: kept.path)
            guard let index = self.journal?.made.firstIndex(where: { $0.path == kept.path }) else { continue }
            self.journal?.made[index].sha256 = written?.sha256
        }
        try? saveJournal()
        removeCopies()
    }
}
