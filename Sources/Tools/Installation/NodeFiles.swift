import Files
import Glibc
import OpenSSL
import SafeText
import Terminal

/// The files of a node. All paths are the node's own; `root` is put before them.
struct NodeFiles {
    /// The owner of a file.
    struct Owner: Hashable {
        var user: UInt32
        var group: UInt32
    }

    /// Empty, or a folder with a node's files.
    let root: String

    /// The node's own path of a file.
    func local(_ path: String) -> String { path.hasPrefix(root) ? String(path.dropFirst(root.count)) : path }

    func exists(_ path: String) -> Bool { FileVersion(path: root + path) != nil }

    /// Nil if it does not exist.
    func owner(_ path: String) -> Owner? {
        var status = stat()
        return stat(root + path, &status) == 0 ? Owner(user: status.st_uid, group: status.st_gid) : nil
    }

    /// The path to which a symbolic link leads at last; the path itself if it is not a link.
    func target(of path: String) throws -> String {
        do throws(FileError) {
            let target = try FileIO.target(of: root + path)
            guard ExactText(target) != ExactText(root + path), let last = target.split(separator: "/").last else {
                return path
            }
            return realFolder(String(target.dropLast(last.count + 1))) + "/" + last
        } catch {
            throw CommandFailure("\(path): \(error.sentence)")
        }
    }

    /// Whether two paths name the same folder.
    func isSameFolder(_ one: String, _ other: String) -> Bool {
        var status = (stat(), stat())
        return stat(root + one, &status.0) == 0 && stat(root + other, &status.1) == 0
            && status.0.st_ino == status.1.st_ino && status.0.st_dev == status.1.st_dev
    }

    /// A folder's path without links, as the node sees it.
    private func realFolder(_ path: String) -> String {
        let resolved = realpath(path.isEmpty ? "/" : path, nil)
        defer { free(resolved) }
        let real = resolved.map { String(cString: $0) } ?? path
        let local = real.hasPrefix(root) ? String(real.dropFirst(root.count)) : real
        return local == "/" ? "" : local
    }

    /// Whether the file has another name, which a replacement leaves behind.
    func hasOtherNames(_ path: String) -> Bool { FileIO.hasOtherNames(root + path) }

    func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(root + path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether this user has no permission to see if the path exists.
    func isHidden(_ path: String) -> Bool {
        var status = stat()
        return stat(root + path, &status) != 0 && errno == EACCES
    }

    func read(_ path: String) throws -> [UInt8] {
        do throws(FileError) {
            return try FileIO.read(root + path)
        } catch {
            let needsRoot = error == .notAllowed && geteuid() != 0
            throw CommandFailure(
                "\(path): \(error.sentence)", hint: needsRoot ? "run it as root: sudo kube-entra …" : nil)
        }
    }

    /// The content; nil if the file does not exist.
    func content(_ path: String) throws -> [UInt8]? { exists(path) ? try read(path) : nil }

    static func digest(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { SHA256Digest(hashing: $0).hex } }

    /// Replaces a file atomically. Permissions, owner and extended attributes stay those of the old file; a new file
    /// has those of the parameters.
    ///
    /// The new text is first written beside it under a name that starts with a dot: the kubelet runs every other file
    /// in its folder, even incomplete ones.
    ///
    /// - Parameter replacing: false fails if anything is there, also a link.
    func write(
        _ bytes: [UInt8], to path: String, mode: UInt32 = 0o644, owner: Owner? = nil, replacing: Bool = true
    ) throws {
        let folder = root + NodePath.folder(of: path)
        let temporary = temporary(path)
        var status = stat()
        let isThere = replacing && stat(root + path, &status) == 0
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        let mode = isThere ? UInt32(status.st_mode) & 0o7777 : mode
        let owner = isThere && owner == nil ? Owner(user: status.st_uid, group: status.st_gid) : owner
        let isOwned = owner.map { fchown(descriptor, $0.user, $0.group) == 0 || geteuid() != 0 } ?? true
        let isComplete =
            isOwned && FileIO.writeAll(bytes, to: descriptor)
            && (!isThere || FileIO.copyAttributes(of: root + path, to: descriptor))
            && fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0
        let code = errno
        close(descriptor)
        // A link, unlike a rename, fails if something is there.
        let isMoved = isComplete && (replacing ? rename(temporary, root + path) : link(temporary, root + path)) == 0
        let reason = isComplete ? errno : code
        if !isMoved || !replacing { unlink(temporary) }
        guard isMoved else { throw failure(path, reason) }
        sync(folder: folder)
    }

    /// The path of a new text before it replaces a file.
    private func temporary(_ path: String) -> String {
        let folder = NodePath.folder(of: path)
        return "\(root)\(folder == "/" ? "" : folder)/.\(path.split(separator: "/").last ?? "").kube-entra"
    }

    /// Removes what an interrupted write left behind.
    func removeTemporary(_ path: String) { unlink(temporary(path)) }

    /// Overwrites the file in place, to undo a change if there is no room for a second file.
    func overwrite(_ bytes: [UInt8], at path: String) throws {
        let descriptor = open(root + path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        guard FileIO.writeAll(bytes, to: descriptor), ftruncate(descriptor, off_t(bytes.count)) == 0,
            fsync(descriptor) == 0
        else { throw failure(path) }
    }

    /// Creates a folder and its parents. Returns those that did not exist, the outermost first.
    func makeFolder(_ path: String, mode: UInt32 = 0o755, owner: Owner? = nil) throws -> [String] {
        var made: [String] = []
        var current = ""
        for part in path.split(separator: "/") {
            current += "/" + part
            guard !exists(current) else { continue }
            guard mkdir(root + current, mode) == 0, chmod(root + current, mode) == 0 else { throw failure(current) }
            if let owner { chown(root + current, owner.user, owner.group) }
            made.append(current)
        }
        return made
    }

    /// Gives a folder to its owner, unless it is the owner's already.
    func setOwner(_ folder: String, _ owner: Owner) {
        guard self.owner(folder) != owner else { return }
        chown(root + folder, owner.user, owner.group)
    }

    /// What became of a path that was to be removed.
    enum Removal: Hashable {
        case removed
        case absent
        case notEmpty
        /// The text says why.
        case failed(String)
    }

    /// Removes a file or an empty folder.
    @discardableResult
    func remove(_ path: String) -> Removal {
        guard Glibc.remove(root + path) != 0 else { return .removed }
        switch errno {
        case ENOENT, ENOTDIR: return .absent
        case ENOTEMPTY, EEXIST: return .notEmpty
        case let code: return .failed(String(cString: strerror(code)))
        }
    }

    func names(in folder: String) -> [String] {
        guard let stream = opendir(root + folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private func sync(folder: String) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// A path that cannot be written, from an errno value.
    func failure(_ path: String, _ code: Int32 = errno) -> CommandFailure {
        CommandFailure("\(path): cannot be written: \(String(cString: strerror(code)))")
    }
}
