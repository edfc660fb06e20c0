internal import Glibc

/// Where a line writer's lines go. Used by one thread at a time.
public protocol LineSink: Sendable {
    /// Writes a whole line; false when it is lost.
    func write(_ line: [UInt8]) -> Bool
    /// Bytes up to which several lines may go into one write; 0: each line has its own.
    var batchBytes: Int { get }
    /// Opens the file again, because it was moved away.
    func reopen()
    /// Makes the file anew when it was removed.
    func replaceIfRemoved()
}

extension LineSink {
    /// What is no file cannot be removed.
    public func replaceIfRemoved() {}
}

/// A descriptor that somebody else opened, such as standard error.
struct DescriptorSink: LineSink {
    let descriptor: Int32
    /// What a pipe takes at once (POSIX asks for 512, Linux gives 4096), so that lines of others stay whole too.
    let batchBytes = 4096

    func write(_ line: [UInt8]) -> Bool {
        var written = 0
        while written < line.count {
            let count = line.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            }
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

/// A file that lines are appended to, each with one write, so that it holds whole lines whenever the process ends.
final class AppendingFile: LineSink, @unchecked Sendable {
    let batchBytes = 0
    private let path: String
    // Touched by the writer's thread alone.
    private var descriptor: Int32 = -1

    init(path: String) {
        self.path = path
        descriptor = open()
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var isOpen: Bool { descriptor >= 0 }

    func write(_ line: [UInt8]) -> Bool {
        if descriptor < 0 { descriptor = open() }
        guard descriptor >= 0 else { return false }
        if isRemoved, !replace() { return false }
        while true {
            let count = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count == line.count { return true }
            if count < 0 && errno == EINTR { continue }
            if count > 0 { takeBack(count) }
            return false
        }
    }

    /// The disk is full: half a line would make the next one unreadable too.
    private func takeBack(_ count: Int) {
        let end = lseek(descriptor, 0, SEEK_CUR)
        var status = stat()
        // Unless somebody else has written behind it.
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == end, end >= count else { return }
        _ = ftruncate(descriptor, end - count)
    }

    // Without a new file the old one is better than none.
    func reopen() { _ = replace() }

    func replaceIfRemoved() {
        if isRemoved { _ = replace() }
    }

    /// Whether no folder has the file any more, so that nobody would read what is written there. Who moves it has his
    /// reasons, and says when to open another.
    private var isRemoved: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_nlink == 0
    }

    /// False when there is no new file.
    private func replace() -> Bool {
        let next = open()
        guard next >= 0 else { return false }
        if descriptor >= 0 { close(descriptor) }
        descriptor = next
        return true
    }

    private func open() -> Int32 {
        let file = Glibc.open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        // A device or a pipe may not be there to read.
        guard file >= 0 else { return Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK) }
        endLastLine(file)
        return file
    }

    /// A process that was killed, or a machine without power, may have left half a line, which must not take the next
    /// one with it.
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
