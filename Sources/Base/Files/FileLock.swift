internal import Glibc

/// An advisory lock on a file of its own, held until this is released or the process ends.
///
/// The lock file stays: removing it would let a third process lock another file of the same name.
public final class FileLock: Sendable {
    private let descriptor: Int32

    /// Waits for the lock, and creates its file where it is missing.
    ///
    /// - Parameter patience: how long another holder may take.
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
