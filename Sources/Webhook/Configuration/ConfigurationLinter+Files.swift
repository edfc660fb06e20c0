import SafeText

extension ConfigurationLinter {
    /// Missing files without which `serve` starts, but lacks what they are for.
    mutating func lintFiles() {
        for file in configuration.files where facts.missingFiles.contains(file.path) {
            if file.role == .keyCache {
                add(
                    .fileIsMissing, file.field,
                    "\(LintEnvironment.folder(of: file.path)) is no folder, so keys do not survive a restart",
                    "make the folder, for the user that the webhook runs as")
            } else {
                add(.fileIsMissing, file.field, "\(file.path) is not there", "put the file there, or correct the path")
            }
        }
        lintSharing()
    }

    /// Files that other users can write or replace.
    private mutating func lintSharing() {
        let own = loaded.asFile
        for file in [own] + configuration.files {
            if let folder = facts.sharedFolders[file.field] {
                add(
                    .fileIsShared, file.field,
                    "others may write into the folder \(folder), and put another file in this one's place",
                    "take that from them: chmod go-w \(ShellWord.quoted(folder)), and make it root's or the webhook's own"
                )
            } else if facts.untrustedFiles.contains(file.field), file.role != .audit {
                add(
                    .fileIsShared, file.field,
                    "the file belongs to somebody else, or others than its owner may write it",
                    "make it root's or the webhook's own, and chmod go-w it")
            }
        }
    }
}
