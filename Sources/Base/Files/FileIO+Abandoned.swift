import Glibc

extension FileIO {
    /// A new name beside a file, for its next content.
    static func temporaryName(beside path: String) -> String {
        "\(path).\(UInt64.random(in: 0...UInt64.max))\(temporarySuffix)"
    }

    private static let temporarySuffix = ".tmp"

    /// Removes what processes left beside a file that were killed while they replaced it.
    ///
    /// The caller must hold a lock that everybody takes who replaces this file: what a living process is about to put
    /// in its place would be removed too. Only regular files without a second name are removed, and only if they belong
    /// to this process's user or to the owner of the file.
    public static func removeAbandoned(beside path: String) {
        let folder = Self.folder(of: path)
        let name = Array(path.utf8.dropFirst(folder.utf8.count))
        guard let stream = opendir(folder.isEmpty ? "." : folder) else { return }
        defer { closedir(stream) }
        var file = stat()
        let owners = [geteuid()] + (lstat(path, &file) == 0 ? [file.st_uid] : [])
        while let entry = readdir(stream) {
            withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { found in
                    guard isTemporary(UnsafeRawBufferPointer(start: found, count: strlen(found)), of: name) else {
                        return
                    }
                    var status = stat()
                    guard fstatat(dirfd(stream), found, &status, AT_SYMLINK_NOFOLLOW) == 0,
                        status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1, owners.contains(status.st_uid)
                    else { return }
                    unlinkat(dirfd(stream), found, 0)
                }
            }
        }
    }

    /// Whether a name has the form of ``temporaryName(beside:)``.
    private static func isTemporary(_ found: UnsafeRawBufferPointer, of name: [UInt8]) -> Bool {
        let suffix = temporarySuffix.utf8
        guard found.count > name.count + 1 + suffix.count, found.starts(with: name),
            found[name.count] == UInt8(ascii: "."), found.suffix(suffix.count).elementsEqual(suffix)
        else { return false }
        let digits = String(decoding: found[(name.count + 1)..<(found.count - suffix.count)], as: UTF8.self)
        return UInt64(digits).map { String($0) == digits } ?? false
    }
}
