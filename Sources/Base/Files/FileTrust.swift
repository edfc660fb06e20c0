import Glibc

/// Who else could have written a file, or could put another file in its place.
public enum FileTrust {
    /// Why the file at a path is not trusted; nil if it is, or if it does not exist.
    public static func problem(path: String) -> FileError? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return problem(status)
    }

    /// Why an open file is not trusted. It must belong to root or to this process's user, and nobody else may write it.
    /// Access control lists need no extra check: the permissions of the group contain their mask.
    static func problem(_ status: stat) -> FileError? {
        if status.st_uid != 0, status.st_uid != geteuid() { return .foreignOwner(userID: status.st_uid) }
        if status.st_mode & S_IWOTH != 0 { return .writableByAll }
        return status.st_mode & S_IWGRP == 0 ? nil : .writableByGroup
    }

    /// The first folder above a path in which another user could replace the next part of the path; nil if there is
    /// none. Symbolic links are followed.
    ///
    /// A folder with the sticky bit, such as `/tmp`, protects what already exists. Directly in the file's own folder,
    /// another user could still create the file first.
    ///
    /// - Parameter volumes: folders that no other user reaches, whatever their permissions.
    public static func sharedFolder(of path: String, except volumes: KubernetesVolumes) -> String? {
        guard let resolved = realpath(folder(of: path), nil) else { return nil }
        defer { free(resolved) }
        var folder = String(cString: resolved)
        var isOwn = true
        while true {
            var status = stat()
            guard stat(folder, &status) == 0 else { return nil }
            let isForeign = status.st_uid != 0 && status.st_uid != geteuid()
            let isWritable = status.st_mode & (S_IWGRP | S_IWOTH) != 0
            let isSticky = status.st_mode & S_ISVTX != 0
            if isForeign || (isWritable && (isOwn || !isSticky)), !volumes.isMounted(at: folder) { return folder }
            guard folder != "/" else { return nil }
            folder = self.folder(of: folder)
            isOwn = false
        }
    }

    static func folder(of path: String) -> String {
        guard let end = path.lastIndex(of: "/") else { return "." }
        return end == path.startIndex ? "/" : String(path[..<end])
    }
}
