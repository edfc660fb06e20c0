import Glibc

/// An advisory lock on a separate file, held until this object is released or the process ends.
///
/// The lock file is never removed: otherwise a third process could lock a new file with the same name.
public final class FileLock: Sendable {
    private let descriptor: Int32

    /// Waits for the lock, and creates its file if it does not exist.
    ///
    /// - Parameters:
    ///   - path: the lock's own file.
    ///   - file: what it guards. Only users who can write this file may open the lock: whoever can open it can hold it.
    ///   - patience: how long to wait for another holder.
    /// - Throws: ``FileError/locked`` if another holder keeps the lock, or another error if the file cannot be opened.
    public init(path: String, guarding file: String, patience: Duration = .seconds(30)) throws(FileError) {
        let descriptor = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { throw FileError(making: errno) }
        Self.restrict(descriptor, like: file)
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

    /// Gives a lock file of this user the write permissions of the guarded file. An existing one may be open to
    /// everybody.
    private static func restrict(_ descriptor: Int32, like file: String) {
        var lock = stat()
        guard fstat(descriptor, &lock) == 0, lock.st_mode & S_IFMT == S_IFREG, lock.st_nlink == 1,
            lock.st_uid == geteuid()
        else { return }
        var guarded = stat()
        let isShared = stat(file, &guarded) == 0 && guarded.st_mode & S_IWGRP != 0
        // Before the mode, so that no other group can open it in between.
        if isShared, lock.st_gid != guarded.st_gid {
            guard fchown(descriptor, uid_t.max, guarded.st_gid) == 0 else { return }
        }
        let mode: mode_t = isShared ? 0o660 : 0o600
        if lock.st_mode & 0o7777 != mode { fchmod(descriptor, mode) }
    }

    deinit {
        close(descriptor)
    }
}
