import Glibc

/// An advisory lock on a separate file, held until this object is released or the process ends.
///
/// Only a holder may remove the lock file (``remove()``). Whoever waited for it then holds a lock on a file without a
/// name, notices that, and starts again with the new file: otherwise two processes could each hold a lock.
public final class FileLock: Sendable {
    private let path: String
    private let descriptor: Int32
    /// Whether this lock created its file.
    public let isNew: Bool

    /// Waits for the lock, and creates its file if it does not exist.
    ///
    /// - Parameters:
    ///   - path: the lock's own file.
    ///   - file: what it guards. Only users who can write this file may open the lock: whoever can open it can hold it.
    ///   - patience: how long to wait for another holder.
    /// - Throws: ``FileError/locked`` if another holder keeps the lock, or another error if the file cannot be opened.
    public init(path: String, guarding file: String, patience: Duration = .seconds(30)) throws(FileError) {
        let end = ContinuousClock.now + patience
        while true {
            let (descriptor, isNew) = try Self.open(path)
            Self.restrict(descriptor, like: file)
            while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                guard errno == EWOULDBLOCK || errno == EINTR, ContinuousClock.now < end else {
                    close(descriptor)
                    throw .locked
                }
                usleep(2_000)
            }
            if Self.isFile(descriptor, at: path) {
                self.path = path
                self.descriptor = descriptor
                self.isNew = isNew
                return
            }
            close(descriptor)
            guard ContinuousClock.now < end else { throw .locked }
        }
    }

    /// Opens the lock's file, and says whether it was created.
    private static func open(_ path: String) throws(FileError) -> (descriptor: Int32, isNew: Bool) {
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let made = Glibc.open(path, flags | O_CREAT | O_EXCL, 0o600)
        if made >= 0 { return (made, true) }
        // With O_CREAT, because another holder may have removed it meanwhile.
        let descriptor = Glibc.open(path, flags | O_CREAT, 0o600)
        guard descriptor >= 0 else { throw FileError(making: path, errno) }
        return (descriptor, false)
    }

    /// Whether the path still names the opened file.
    private static func isFile(_ descriptor: Int32, at path: String) -> Bool {
        var (held, named) = (stat(), stat())
        return fstat(descriptor, &held) == 0 && lstat(path, &named) == 0 && held.st_ino == named.st_ino
            && held.st_dev == named.st_dev
    }

    /// Removes the lock's file. The lock is held until this object is released; nobody may use what it guards
    /// afterwards.
    public func remove() {
        if Self.isFile(descriptor, at: path) { unlink(path) }
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
