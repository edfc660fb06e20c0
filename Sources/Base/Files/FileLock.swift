import Glibc

/// An advisory lock on a separate file, held until this object is released or the process ends.
///
/// The lock file is never removed: otherwise a third process could lock a new file with the same name.
public final class FileLock: Sendable {
    private let descriptor: Int32

    /// Waits for the lock, and creates its file if it does not exist.
    ///
    /// - Parameter patience: how long to wait for another holder.
    public init(path: String, patience: Duration = .seconds(30)) throws(FileError) {
        let descriptor = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o644)
        guard descriptor >= 0 else { throw FileError(making: errno) }
        let end = ContinuousClock.now + patience
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR, ContinuousClock.now < end else {
                close(descriptor)
                throw .locked
            }
            usleep(2_000)
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }
}
