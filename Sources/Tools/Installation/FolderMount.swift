import SafeText

/// A mount of kube-apiserver's container.
struct FolderMount: Hashable {
    /// Its position in the list.
    var index: Int
    var volume: ExactText
    /// Normalized.
    var path: ExactText
    /// The folder of the host, normalized; nil for a volume that is none.
    var hostPath: ExactText?
    /// Whether only a part of the volume is mounted.
    var isPart = false
}

extension [FolderMount] {
    /// Whether the container sees a folder of the host under the same path already.
    ///
    /// - Throws: ``ManifestProblem/folderTaken(_:)`` if it sees something else there.
    func show(_ folder: ExactText) throws(ManifestProblem) -> Bool {
        // The longest mount that contains the folder counts.
        let around = filter {
            folder == $0.path || $0.path == "/" || folder.text.utf8.starts(with: "\($0.path)/".utf8)
        }.max { $0.path.text.utf8.count < $1.path.text.utf8.count }
        guard let around else { return false }
        if around.hostPath == around.path, !around.isPart { return true }
        guard around.path != folder else { throw .folderTaken(folder.text) }
        return false
    }

    /// The mount of the folder by a volume with a name of ours.
    func own(_ folder: ExactText) -> FolderMount? {
        first { $0.path == folder && $0.hostPath == folder && WebhookFlags.isVolumeName($0.volume) }
    }
}
