import Files
import Glibc
import Terminal

/// The file of `enable --config` and its folder, for the files beside it that it names.
///
/// Its author need not be root, who runs `enable`. A name must not lead root to a file that the author could not read,
/// or to a place that the author could not write: so there is no `..`, no link and no file of a third user.
final class ConfigurationFolder {
    /// A file beside the configuration.
    struct Source {
        var bytes: [UInt8]
        /// Its permissions.
        var mode: UInt32
    }

    /// The configuration's path, without empty parts.
    let path: String
    let configuration: Source
    /// With a slash at the end.
    private let prefix: String
    private let descriptor: Int32
    private let owner: UInt32

    /// - Parameter path: the absolute path of a configuration.
    /// - Throws: `CommandFailure` if it cannot be read.
    init(of path: String) throws {
        let path = "/" + path.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
        let folder = NodePath.folder(of: path)
        // The operator names this file, so links are followed.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw ConfigurationFolder.failure(path, errno) }
        defer { close(file) }
        let (bytes, status) = try ConfigurationFolder.content(file, path) { status in
            status.st_mode & S_IFMT == S_IFDIR ? FileError.isFolder.sentence : nil
        }
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ConfigurationFolder.failure(folder, errno) }
        self.path = path
        self.descriptor = descriptor
        prefix = folder == "/" ? "/" : folder + "/"
        configuration = Source(bytes: bytes, mode: UInt32(status.st_mode) & 0o777)
        owner = status.st_uid
    }

    deinit { close(descriptor) }

    /// A file beside the configuration; nil if there is none.
    ///
    /// - Throws: `CommandFailure` if it is elsewhere, is not a regular file, or belongs to somebody else.
    func read(_ name: String) throws -> Source? {
        guard name.hasPrefix(prefix) else { throw leadsOut(name) }
        var parts = name.dropFirst(prefix.count).split(separator: "/").filter { $0 != "." }
        guard !parts.contains(".."), let last = parts.popLast() else { throw leadsOut(name) }
        guard let folder = try descend(parts, of: name) else { return nil }
        defer { close(folder) }
        let file = openat(folder, String(last), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
        guard file >= 0 else {
            switch errno {
            case ENOENT: return nil
            case ELOOP: throw isLink(name)
            case let code: throw ConfigurationFolder.failure(name, code)
            }
        }
        defer { close(file) }
        let (bytes, status) = try ConfigurationFolder.content(file, name, obstacle: obstacle)
        return Source(bytes: bytes, mode: UInt32(status.st_mode) & 0o777)
    }

    /// Fails for a name that leads out of the folder, whether or not there is such a file.
    func checkName(_ name: String) throws {
        let rest = name.hasPrefix(prefix) ? name.dropFirst(prefix.count) : Substring(name)
        guard !rest.split(separator: "/").contains("..") else { throw leadsOut(name) }
    }

    /// Opens the folder of a name; nil if there is none.
    private func descend(_ parts: [Substring], of name: String) throws -> Int32? {
        var current = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for part in parts where current >= 0 {
            let next = openat(current, String(part), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let code = errno
            close(current)
            if next < 0, code == ENOENT { return nil }
            guard next >= 0 else {
                throw code == ENOTDIR || code == ELOOP ? isLink(name) : ConfigurationFolder.failure(name, code)
            }
            current = next
        }
        guard current >= 0 else { throw ConfigurationFolder.failure(name, errno) }
        return current
    }

    /// Why an open file must not be copied; nil if it may be.
    private func obstacle(_ status: stat) -> String? {
        guard status.st_mode & S_IFMT == S_IFREG else { return "it is no regular file, so it is not copied" }
        guard status.st_uid != owner else { return nil }
        guard status.st_uid == 0 else {
            return "it belongs to user \(status.st_uid), and \(path) to user \(owner), so it is not copied"
        }
        guard status.st_nlink > 1 else { return nil }
        return "it is another name of a file of root, and \(path) belongs to user \(owner), so it is not copied"
    }

    private static func content(
        _ file: Int32, _ name: String, obstacle: (stat) -> String?
    ) throws -> (bytes: [UInt8], status: stat) {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure(name, errno) }
        if let reason = obstacle(status) { throw CommandFailure("\(name): \(reason)") }
        do throws(FileError) {
            return (try FileIO.read(descriptor: file, expected: Int(status.st_size)), status)
        } catch {
            throw CommandFailure("\(name): \(error.sentence)")
        }
    }

    private static func failure(_ name: String, _ code: Int32) -> CommandFailure {
        CommandFailure("\(name): \(FileError(code).sentence)")
    }

    private func isLink(_ name: String) -> CommandFailure {
        CommandFailure(
            "\(name): it is a symbolic link, or one of its folders is, so it is not copied",
            hint: "put the file itself there, or name it by its absolute path")
    }

    private func leadsOut(_ name: String) -> CommandFailure {
        CommandFailure(
            "\(path) names \(name), which leads out of the file's own folder",
            hint: "name it by its absolute path, or put everything into \(NodePath.home)")
    }
}
