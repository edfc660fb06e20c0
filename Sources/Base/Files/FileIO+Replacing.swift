import Glibc
import SafeText

extension FileIO {
    /// Follows symbolic links to the file, also if the last link points to nothing yet.
    ///
    /// - Parameter isTrusted: whether only root and this process's user may decide where the path leads. Links are then
    ///   resolved in every part of the path, and each is followed only if it and the folder that contains it belong to
    ///   one of these two users.
    /// - Throws: ``FileError`` if a part of the path cannot be read, the links form a loop, or a link is not trusted.
    public static func target(of path: String, isTrusted: Bool = false) throws(FileError) -> String {
        var path = path
        for _ in 0..<40 {
            guard let link = try firstLink(in: path, onlyLast: !isTrusted) else { return path }
            if isTrusted {
                var above = stat()
                guard stat(folder(of: link.path) + ".", &above) == 0 else { throw .notReadable }
                for owner in [link.owner, above.st_uid] where owner != 0 && owner != geteuid() {
                    throw .foreignLink(userID: owner)
                }
            }
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(link.path, &buffer, buffer.count)
            guard count > 0, count < buffer.count else { throw .notReadable }
            let target = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
            path =
                (target.utf8.first == UInt8(ascii: "/") ? target : folder(of: link.path) + target)
                + String(Substring(path.utf8.dropFirst(link.path.utf8.count)))
        }
        throw .linkLoop
    }

    /// The first part of a path that is a symbolic link, and its owner; nil if there is none.
    ///
    /// - Parameter onlyLast: whether only the whole path is checked, and not the folders on the way.
    private static func firstLink(
        in path: String, onlyLast: Bool
    ) throws(FileError) -> (path: String, owner: UInt32)? {
        // Bytes: a slash and a combining character after it are one character.
        let ends =
            path.utf8.indices.filter { path.utf8[$0] == UInt8(ascii: "/") && $0 > path.startIndex } + [path.endIndex]
        for end in onlyLast ? ends.suffix(1) : ends[...] {
            let part = String(Substring(path.utf8[..<end]))
            var status = stat()
            guard lstat(part, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { continue }
            return (part, status.st_uid)
        }
        return nil
    }

    /// Replaces a file atomically and keeps its mode, owner, group and extended attributes. Creates the file if it does
    /// not exist.
    ///
    /// The path must be the file itself, not a symbolic link (see ``target(of:isTrusted:)``).
    ///
    /// - Parameter newMode: permissions of a file that did not exist.
    /// - Throws: ``FileError`` if the file cannot be written; the old one is then unchanged.
    public static func replace(_ path: String, with bytes: [UInt8], newMode: UInt32 = 0o644) throws(FileError) {
        var old = stat()
        let exists = lstat(path, &old) == 0
        if exists, old.st_mode & S_IFMT == S_IFDIR { throw .isFolder }
        if exists, old.st_mode & S_IFMT != S_IFREG { throw .notRegular }
        let temporary = temporaryName(beside: path)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FileError(making: path, errno) }
        var isComplete = writeAll(bytes, to: descriptor)
        if isComplete, exists {
            var made = stat()
            fstat(descriptor, &made)
            if made.st_uid != old.st_uid || made.st_gid != old.st_gid {
                isComplete = fchown(descriptor, old.st_uid, old.st_gid) == 0
            }
        }
        isComplete = isComplete && (!exists || copyAttributes(of: path, to: descriptor))
        // After the owner, because a change of owner clears some permissions.
        let mode = exists ? old.st_mode & 0o7777 : newMode
        isComplete =
            isComplete && fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0
            && rename(temporary, path) == 0
        let code = errno
        close(descriptor)
        guard isComplete else {
            unlink(temporary)
            throw FileError(writing: code)
        }
        synchronize(folder: folder(of: path))
    }

    /// One of several files that belong together.
    public struct NewFile {
        let path: String
        let bytes: [UInt8]
        let mode: UInt32
        let keepsGroup: Bool

        /// - Parameters:
        ///   - mode: permissions of the file.
        ///   - keepsGroup: whether the new file is readable by its group if the file that it replaces is.
        public init(path: String, bytes: [UInt8], mode: UInt32, keepsGroup: Bool = true) {
            self.path = path
            self.bytes = bytes
            self.mode = mode
            self.keepsGroup = keepsGroup
        }
    }

    /// Replaces files that belong together, or none of them: all are written beside the old ones before the first takes
    /// its place. A file that exists keeps its owner, group and extended attributes; a symbolic link is replaced, not
    /// followed.
    ///
    /// Only a crash between two renames leaves some old and some new files; a reader must then notice that they do not
    /// belong together.
    ///
    /// - Throws: ``FileError`` and the path that could not be written.
    public static func replaceTogether(_ files: [NewFile]) throws(FilesError) {
        var written: [(temporary: String, path: String)] = []
        do throws(FilesError) {
            for file in files { written.append((try stage(file), file.path)) }
            for (temporary, path) in written {
                guard rename(temporary, path) == 0 else {
                    throw FilesError(path: path, error: FileError(writing: errno))
                }
            }
        } catch {
            for (temporary, _) in written { unlink(temporary) }
            throw error
        }
        for folder in Set(files.map { ExactText(folder(of: $0.path)) }) { synchronize(folder: folder.text) }
    }

    /// Which of several files could not be written, and why.
    public struct FilesError: Error, Hashable, Sendable {
        /// The file's path.
        public let path: String
        /// What is wrong with it.
        public let error: FileError
    }

    /// Writes the new file beside the old one, and returns its temporary path.
    private static func stage(_ file: NewFile) throws(FilesError) -> String {
        var old = stat()
        let exists = lstat(file.path, &old) == 0
        let kind = exists ? old.st_mode & S_IFMT : S_IFREG
        if kind == S_IFDIR { throw FilesError(path: file.path, error: .isFolder) }
        if kind != S_IFREG, kind != S_IFLNK { throw FilesError(path: file.path, error: .notRegular) }
        let isReplaced = exists && kind == S_IFREG
        let temporary = temporaryName(beside: file.path)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw FilesError(path: file.path, error: FileError(making: file.path, errno)) }
        defer { close(descriptor) }
        var problem: FileError?
        var made = stat()
        fstat(descriptor, &made)
        if !writeAll(file.bytes, to: descriptor) {
            problem = FileError(writing: errno)
        } else if isReplaced, made.st_uid != old.st_uid || made.st_gid != old.st_gid,
            fchown(descriptor, old.st_uid, old.st_gid) != 0
        {
            problem = .ownerNotKept(userID: old.st_uid)
        } else if isReplaced && !copyAttributes(of: file.path, to: descriptor)
            || fchmod(descriptor, file.mode | (isReplaced && file.keepsGroup ? old.st_mode & S_IRGRP : 0)) != 0
            || fsync(descriptor) != 0
        {
            problem = FileError(writing: errno)
        }
        guard let problem else { return temporary }
        unlink(temporary)
        throw FilesError(path: file.path, error: problem)
    }

    /// Whether a file has another name (a hard link), which keeps the old content when the file is replaced.
    public static func hasOtherNames(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_nlink > 1
    }

    /// Makes a rename survive a crash. Failures are ignored, because some file systems do not support this.
    private static func synchronize(folder: String) {
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// With a trailing slash; empty for the current folder.
    static func folder(of path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(Substring(path.utf8[...$0])) } ?? ""
    }
}
