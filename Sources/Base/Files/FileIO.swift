import Glibc

/// Reads small files as a whole, up to a limit, and replaces them atomically.
public enum FileIO {
    /// Reads a file, following symbolic links, up to a limit.
    ///
    /// - Parameter isTrusted: whether the file grants access. It is then read only if the opened file itself, not the
    ///   path, belongs to root or to this process's user, and nobody else can write it.
    /// - Parameter waits: whether the path may be a pipe or a terminal, whose writer is slower than this process: for
    ///   commands that read what their user named. Without it, nobody can make this process wait, and a pipe that has
    ///   nothing yet is refused.
    /// - Throws: ``FileError`` if the file cannot be read, is not trusted or has more than `maximumBytes`.
    public static func read(
        _ path: String, maximumBytes: Int = 1 << 20, isTrusted: Bool = false, waits: Bool = false
    ) throws(FileError) -> [UInt8] {
        let descriptor = try openForReading(path, waits: waits)
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .notReadable }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw .isFolder }
        if isTrusted, let problem = FileTrust.problem(status) { throw problem }
        return try read(descriptor: descriptor, maximumBytes: maximumBytes, expected: Int(status.st_size))
    }

    private static func openForReading(_ path: String, waits: Bool) throws(FileError) -> Int32 {
        while true {
            // A blocking open waits for the writer of a pipe. Otherwise a pipe without one would be an empty file.
            let descriptor = open(path, O_RDONLY | O_CLOEXEC | (waits ? 0 : O_NONBLOCK))
            guard descriptor < 0 else { return descriptor }
            if errno == EINTR { continue }
            // Sockets, such as the standard input of some programs, are used but not opened again.
            if waits, errno == ENXIO, let named = self.descriptor(named: path) {
                let copy = fcntl(named, F_DUPFD_CLOEXEC, 0)
                if copy >= 0 { return copy }
            }
            throw FileError(opening: errno, missing: .missing, standard: .notReadable)
        }
    }

    /// Reads an open descriptor, for example standard input, to its end.
    ///
    /// The content may be a secret: the returned copy is the only one that stays in memory.
    ///
    /// - Parameter expected: the expected number of bytes. Up to this size, the result is never moved in memory.
    /// - Throws: ``FileError`` if the descriptor cannot be read or has more than `maximumBytes`.
    public static func read(
        descriptor: Int32, maximumBytes: Int = 1 << 20, expected: Int = 0
    ) throws(FileError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(max(0, min(expected, maximumBytes)))
        var buffer = [UInt8](repeating: 0, count: 65_536)
        defer {
            buffer.withUnsafeMutableBytes { bytes in
                if let start = bytes.baseAddress { explicit_bzero(start, bytes.count) }
            }
        }
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count >= 0 else {
                if errno == EINTR { continue }
                throw errno == EAGAIN ? .notRegular : .notReadable
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
            guard bytes.count <= maximumBytes else { throw .tooLarge(maximumBytes: maximumBytes) }
        }
    }

    /// Writes a file so that readers see either the old or the new content, also after a crash. A symbolic link stays,
    /// and its target is written.
    ///
    /// - Parameters:
    ///   - mode: permissions of the new file.
    ///   - replacing: false fails if the path exists.
    /// - Throws: ``FileError`` if the file cannot be written; an existing one is then unchanged.
    public static func write(
        _ bytes: [UInt8],
        to path: String,
        mode: UInt32 = 0o600,
        replacing: Bool = true
    ) throws(FileError) {
        let path = try place(ofFile: path, replacing: replacing)
        let (temporary, descriptor) = try makeTemporary(beside: path, mode: mode)
        // The umask may have removed permissions that were asked for.
        let isComplete = fchmod(descriptor, mode) == 0 && writeAll(bytes, to: descriptor) && fsync(descriptor) == 0
        var code = errno
        close(descriptor)
        guard isComplete else {
            unlink(temporary)
            throw FileError(writing: code)
        }
        // A link, unlike a rename, fails if the path exists.
        let moved = replacing ? rename(temporary, path) : link(temporary, path)
        code = errno
        if moved != 0 || !replacing { unlink(temporary) }
        guard moved == 0 else { throw FileError(opening: code, missing: .notWritable, standard: .notWritable) }
    }

    /// Tries whether ``write(_:to:mode:replacing:)`` could replace or make a file. Nothing is left of the attempt.
    ///
    /// - Throws: ``FileError`` if it could not.
    public static func tryWriting(_ path: String) throws(FileError) {
        let (temporary, descriptor) = try makeTemporary(beside: place(ofFile: path, replacing: true), mode: 0o600)
        close(descriptor)
        unlink(temporary)
    }

    private static func makeTemporary(
        beside path: String, mode: UInt32
    ) throws(FileError) -> (path: String, descriptor: Int32) {
        let temporary = temporaryName(beside: path)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw FileError(making: path, errno) }
        return (temporary, descriptor)
    }

    /// Where a new file is put: the path, or what its links lead to.
    ///
    /// - Throws: ``FileError`` if something else than a file is there, or the link may be somebody else's.
    private static func place(ofFile path: String, replacing: Bool) throws(FileError) -> String {
        if let obstacle = obstacle(toReplacing: path) { throw obstacle }
        var link = stat()
        guard lstat(path, &link) == 0, link.st_mode & S_IFMT == S_IFLNK else { return path }
        guard replacing else { throw .exists }
        let target = try target(of: path, isTrusted: true)
        // A link in /proc may lead to a file that no path names.
        guard FileVersion(path: path) == FileVersion(path: target) else { throw .notRegular }
        return target
    }

    /// Whether lines can be appended to a file, or the file can be created for it. Changes nothing.
    public static func canAppend(to path: String) -> Bool { obstacle(toAppending: path) == nil }

    /// Why no file takes the place of what is at the path; nil if one can, or nothing is there.
    ///
    /// A rename would put a file in the place of `/dev/null`, or of a link to it.
    public static func obstacle(toReplacing path: String) -> FileError? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return nil }
        return status.st_mode & S_IFMT == S_IFDIR ? .isFolder : .notRegular
    }

    /// Why lines cannot be appended to a file; nil if they can, or if the file can be created for it.
    public static func obstacle(toAppending path: String) -> FileError? {
        var status = stat()
        if stat(path, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR { return .isFolder }
            return access(path, W_OK) == 0 ? nil : .notAllowed
        }
        guard errno == ENOENT else { return FileError(opening: errno, missing: .missing, standard: .notWritable) }
        let folder = Self.folder(of: path)
        return access(folder.isEmpty ? "." : folder, W_OK | X_OK) == 0 ? nil : FileError(making: path, errno)
    }

    /// Writes all bytes to an open descriptor; false if that fails.
    public static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
                return Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}

/// Tells whether the content of a path has changed, without reading it. Symbolic links are followed, so a swapped link,
/// as in Kubernetes volumes, is another version.
public struct FileVersion: Hashable, Sendable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int
    /// When the file's content or metadata last changed. Unlike the time of writing, nobody can set it back.
    private let changedSeconds: Int
    private let changedNanoseconds: Int
    private let mode: UInt32
    /// Part of the version, because the owner decides whether a file is trusted.
    private let owner: UInt32

    /// When the content was last written, in seconds since 1970.
    public var written: Int64 { Int64(seconds) }

    /// Nil if the path does not exist.
    public init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        seconds = Int(status.st_mtim.tv_sec)
        nanoseconds = Int(status.st_mtim.tv_nsec)
        changedSeconds = Int(status.st_ctim.tv_sec)
        changedNanoseconds = Int(status.st_ctim.tv_nsec)
        mode = UInt32(status.st_mode)
        owner = UInt32(status.st_uid)
    }
}
