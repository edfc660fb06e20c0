import Glibc

extension FileIO {
    /// The open file that a path names by its number in this process: 2 for `/dev/stderr`, `/dev/fd/2`,
    /// `/proc/self/fd/2`, and for links to them. Nil for every other path.
    ///
    /// Nothing is put in the place of such a name: it is a link, and what it leads to is open already.
    public static func descriptor(named path: String) -> Int32? {
        var path = path
        for _ in 0..<40 {
            let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
            if isDescriptorFolder(folder(of: path)), let number = Int32(name), number >= 0 { return number }
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(path, &buffer, buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            let target = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
            path = target.utf8.first == UInt8(ascii: "/") ? target : folder(of: path) + target
        }
        return nil
    }

    /// Whether whoever started this process passed an open file on for writing. A file that the process opened itself
    /// closes when another program is started, and is none.
    public static func isPassedOnForWriting(_ descriptor: Int32) -> Bool {
        let isOwn = descriptor > STDERR_FILENO && fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0
        let mode = fcntl(descriptor, F_GETFL)
        return !isOwn && mode >= 0 && mode & O_ACCMODE != O_RDONLY
    }

    private static func isDescriptorFolder(_ folder: String) -> Bool {
        guard let real = realpath(folder.isEmpty ? "." : folder, nil) else { return false }
        defer { free(real) }
        return String(cString: real) == "/proc/\(getpid())/fd"
    }
}
