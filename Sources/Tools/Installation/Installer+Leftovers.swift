import Configuration
import Glibc
import SafeText

extension Installer {
    /// Folders in which the webhook's user has files that `enable` did not write: the audit log, the deny list, caches.
    private static let serviceFolders = [ServiceFiles.logFolder, NodePath.state, NodePath.home]

    /// Gives root what the webhook's user leaves behind. Otherwise the next user with the same number, who may be
    /// anybody, would own it.
    ///
    /// - Parameter written: the files that the configuration makes the webhook write.
    func takeOverLeftovers(_ written: [String]) {
        guard let user = environment.account(ServiceFiles.userName)?.user else { return }
        for path in leftovers(of: user, written) {
            let isFolder = OwnedFile.isFolder(files.root + path)
            guard OwnedFile.giveToRoot(files.root + path, from: user) else {
                say(named: "kept", "\(path), and its owner cannot be changed from the user \(ServiceFiles.userName)")
                continue
            }
            if !isFolder { say(named: "kept", "\(path), which belongs to root from now on") }
        }
    }

    /// The files that the node's configuration makes the webhook write.
    var writtenFiles: [String] {
        let files = nodeConfiguration?.configuration.files.filter { $0.role.isWritten }.map(\.path) ?? []
        return files.map { $0.hasPrefix(self.files.root) ? String($0.dropFirst(self.files.root.count)) : $0 }
    }

    /// What `disable` will give to root, for `--dry-run`.
    func leftoversToKeep(_ journal: InstallationJournal) -> [String] {
        guard journal.madeUser, let user = environment.account(ServiceFiles.userName)?.user else { return [] }
        let gone = Set(journal.made.map(\.path) + [ExactText(NodePath.state + "/keys.json")])
        return leftovers(of: user, writtenFiles).filter {
            !gone.contains(ExactText($0)) && !OwnedFile.isFolder(files.root + $0)
        }
    }

    /// What the webhook's user owns in its folders and wherever else it writes: a folder is named before what is in it.
    private func leftovers(of user: UInt32, _ written: [String]) -> [String] {
        var found: [String] = []
        var folders = Installer.serviceFolders.reversed().map { String($0) }
        while let folder = folders.popLast() {
            if OwnedFile.isOwned(files.root + folder, by: user) { found.append(folder) }
            guard OwnedFile.isFolder(files.root + folder) else { continue }
            for name in files.names(in: folder) {
                let path = "\(folder)/\(name)"
                if OwnedFile.isFolder(files.root + path) {
                    folders.append(path)
                } else if OwnedFile.isOwned(files.root + path, by: user) {
                    found.append(path)
                }
            }
        }
        let known = Set(found.map { ExactText($0) })
        return found
            + written.filter { !known.contains(ExactText($0)) && OwnedFile.isOwned(files.root + $0, by: user) }
    }
}

/// A file that belongs to the webhook's user, who may have put anything in its place. No symbolic link is followed.
private enum OwnedFile {
    static func isOwned(_ path: String, by user: UInt32) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_uid == user
    }

    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Only what is still the user's changes its owner: a hard link to a file of somebody else does not.
    static func giveToRoot(_ path: String, from user: UInt32) -> Bool {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        // A link or a socket cannot be opened, and has no content.
        guard descriptor >= 0 else { return isOwned(path, by: user) && lchown(path, 0, 0) == 0 }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_uid == user, fchown(descriptor, 0, 0) == 0 else {
            return false
        }
        return fchmod(descriptor, status.st_mode & S_IFMT == S_IFDIR ? 0o700 : 0o600) == 0
    }
}
