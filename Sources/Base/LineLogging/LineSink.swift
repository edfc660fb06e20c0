import Glibc

/// The destination of a line writer. Only one thread at a time uses it.
public protocol LineSink: Sendable {
    /// Writes whole lines; false if they are lost.
    func write(_ lines: UnsafeRawBufferPointer) -> Bool
    /// Several lines may share a write up to this number of bytes; 0 means one write for each line.
    var batchBytes: Int { get }
    /// Opens the file again, because it was moved away.
    func reopen()
    /// Creates the file again if it was removed.
    func replaceIfRemoved()
}

extension LineSink {
    /// Does nothing: only files can be removed.
    public func replaceIfRemoved() {}
}

/// A descriptor that the caller opened, such as standard error.
struct DescriptorSink: LineSink {
    let descriptor: Int32
    /// The size that a pipe writes atomically (POSIX requires 512, Linux allows 4096), so that lines of other processes
    /// stay whole too.
    let batchBytes = 4096

    func write(_ lines: UnsafeRawBufferPointer) -> Bool {
        var written = 0
        while written < lines.count {
            let count = Glibc.write(descriptor, lines.baseAddress?.advanced(by: written), lines.count - written)
            if count > 0 {
                written += count
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&waiting, 1, 1000)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }

    func reopen() {}
}

/// A file to append lines to, each with one write, so that it has whole lines whenever the process ends.
final class AppendingFile: LineSink, @unchecked Sendable {
    let batchBytes = 0
    private let path: String
    // Used only by the writer's thread.
    private var descriptor: Int32 = -1

    init(path: String) {
        self.path = path
        descriptor = open()
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var isOpen: Bool { descriptor >= 0 }

    func write(_ lines: UnsafeRawBufferPointer) -> Bool {
        if descriptor < 0 { descriptor = open() }
        guard descriptor >= 0 else { return false }
        if isRemoved, !replace() { return false }
        while true {
            let count = Glibc.write(descriptor, lines.baseAddress, lines.count)
            if count == lines.count { return true }
            if count < 0 && errno == EINTR { continue }
            if count > 0 { removePartialLine(count) }
            return false
        }
    }

    /// Removes half a line after a full disk, because it would make the next line unreadable too.
    private func removePartialLine(_ count: Int) {
        let end = lseek(descriptor, 0, SEEK_CUR)
        var status = stat()
        // Unless another process has written after it.
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == end, end >= count else { return }
        _ = ftruncate(descriptor, end - count)
    }

    // Keeps the old file if no new one can be opened.
    func reopen() { _ = replace() }

    func replaceIfRemoved() {
        if isRemoved { _ = replace() }
    }

    /// Whether the file was deleted, so that nobody could read what is written to it. A moved file does not count: log
    /// rotation asks for a new one itself.
    private var isRemoved: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_nlink == 0
    }

    /// False if no new file can be opened.
    private func replace() -> Bool {
        let next = open()
        guard next >= 0 else { return false }
        if descriptor >= 0 { close(descriptor) }
        descriptor = next
        return true
    }

    private func open() -> Int32 {
        let file = Glibc.open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        // A device or a pipe may not be readable.
        guard file >= 0 else { return Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK) }
        endLastLine(file)
        return file
    }

    /// After a crash, the file may end with half a line. It must not spoil the next one.
    private func endLastLine(_ file: Int32) {
        var status = stat()
        var last: UInt8 = 0
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0,
            pread(file, &last, 1, status.st_size - 1) == 1, last != UInt8(ascii: "\n")
        else { return }
        var lineFeed = UInt8(ascii: "\n")
        _ = Glibc.write(file, &lineFeed, 1)
    }
}
