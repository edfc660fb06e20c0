import Files
import SafeText
import Terminal

/// Folders in which only root may change anything. Elsewhere, what was just checked may be another file, or a link, by
/// the time it is written.
extension NodeFiles {
    /// The folder in which another user could replace a part of a path below `/etc/kube-entra`; nil if there is none,
    /// and for every other path.
    func sharedFolder(above path: String) -> String? {
        var folder = NodePath.folder(of: path)
        var found: String?
        while ExactText(folder) == ExactText(NodePath.home) || NodePath.isInHome(folder) {
            // Of a link, both what it leads to and the folder that holds it count.
            if exists(folder), let shared = shared(folder) { found = shared }
            folder = NodePath.folder(of: folder)
        }
        return found
    }

    /// Fails if another user could replace what is written to this path below `/etc/kube-entra`.
    func checkFolders(above path: String) throws {
        if let folder = sharedFolder(above: path) { throw NodeFiles.isShared(folder) }
    }

    /// Fails if another user could replace the journal, which says what root removes.
    func checkJournalFolder() throws {
        guard exists(NodePath.journalFolder), let folder = shared(NodePath.journalFolder) else { return }
        throw NodeFiles.isShared(folder)
    }

    private func shared(_ folder: String) -> String? {
        FileTrust.sharedFolder(of: "\(root)\(folder)/file", except: KubernetesVolumes()).map {
            $0.hasPrefix(root) ? String($0.dropFirst(root.count)) : $0
        }
    }

    private static func isShared(_ folder: String) -> CommandFailure {
        let word = ShellWord.quoted(folder)
        return CommandFailure(
            "\(folder) is not for root alone: another user could replace the files in it",
            hint: "look who may write there (ls -ld \(word)), then: chown root \(word) && chmod go-w \(word)")
    }
}
