import Files
import Glibc
import Terminal

/// Prevents two runs of `enable` or `disable` on one node at the same time.
///
/// The lock is a file beside the journal, where only root can hold it. It is removed at the end, so that a node without
/// the webhook has nothing left; a run that finds another file under its name tries again.
final class InstallationLock {
    private let files: NodeFiles
    private let descriptor: Int32

    /// - Parameter patience: how long to wait for another run.
    /// - Throws: `CommandFailure` with status 2 if another run holds the lock, or if no lock can be created.
    init(_ files: NodeFiles, patience: Duration = .seconds(2)) throws {
        let path = files.root + NodePath.lock
        let end = ContinuousClock.now + patience
        while true {
            do {
                _ = try files.makeFolder(NodePath.journalFolder, mode: 0o700)
            } catch {
                // The end of another run may remove the folder, or its start create it, at the same moment.
                guard ContinuousClock.now < end else { throw error }
                usleep(20_000)
                continue
            }
            try files.checkJournalFolder()
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            let code = errno
            if descriptor >= 0 {
                if flock(descriptor, LOCK_EX | LOCK_NB) == 0, InstallationLock.isFile(descriptor, at: path) {
                    self.descriptor = descriptor
                    self.files = files
                    return
                }
                close(descriptor)
            } else if code != ENOENT {
                throw files.failure(NodePath.lock, code)
            }
            guard ContinuousClock.now < end else {
                throw CommandFailure(
                    "another `kube-entra enable` or `disable` is running on this node",
                    hint: "wait until it has ended, then look with `kube-entra status`")
            }
            usleep(20_000)
        }
    }

    deinit {
        files.remove(NodePath.lock)
        files.remove(NodePath.journalFolder)
        close(descriptor)
    }

    /// Whether a run holds the lock now; also false if this user may not look.
    static func isHeld(_ files: NodeFiles) -> Bool {
        let descriptor = open(files.root + NodePath.lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    /// Whether the path still names the open file.
    private static func isFile(_ descriptor: Int32, at path: String) -> Bool {
        var held = stat()
        var named = stat()
        guard fstat(descriptor, &held) == 0, stat(path, &named) == 0 else { return false }
        return held.st_ino == named.st_ino && held.st_dev == named.st_dev
    }
}
