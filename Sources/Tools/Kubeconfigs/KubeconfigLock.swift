import Files
import Glibc
import SafeText
import Terminal

/// The lock that kubectl takes before it changes a kubeconfig: a file `FILE.lock`, which exists while the lock is held.
///
/// Source: client-go, `tools/clientcmd/config.go`, `lockFile` and `lockName`.
struct KubeconfigLock: ~Copyable {
    private let path: String

    /// Waits for another holder.
    ///
    /// - Parameters:
    ///   - kubeconfig: the file by the name that kubectl uses as well, even if this is a link.
    ///   - patience: how long to wait. kubectl holds it for a moment only.
    /// - Throws: `CommandFailure` if another program keeps the lock, or it cannot be created.
    init(of kubeconfig: String, patience: Duration = .seconds(5)) throws(CommandFailure) {
        let path = kubeconfig + ".lock"
        let end = ContinuousClock.now + patience
        while true {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            if descriptor >= 0 {
                close(descriptor)
                break
            }
            guard errno == EEXIST else {
                let error = FileError(making: kubeconfig, errno)
                throw CommandFailure(
                    "\(kubeconfig): \(error.sentence)",
                    hint: error == .folderMissing ? KubeconfigLock.folderHint(kubeconfig) : nil)
            }
            guard ContinuousClock.now < end else {
                throw CommandFailure(
                    "\(kubeconfig): \(FileError.locked.sentence): \(path) is there",
                    hint: "wait for kubectl, which may be changing the file; if nothing is, remove \(path)")
            }
            usleep(20_000)
        }
        self.path = path
    }

    /// What to do if the folder of a kubeconfig is missing, as kubectl would do itself.
    private static func folderHint(_ kubeconfig: String) -> String {
        guard !kubeconfig.hasPrefix("~") else { return "~ is the home folder only for the shell: leave out the quotes" }
        return "mkdir -p -m 700 \(ShellWord.quoted(Kubeconfig.folder(of: kubeconfig)))"
    }

    deinit {
        unlink(path)
    }
}
