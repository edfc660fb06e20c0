import Glibc

/// The open descriptors of this process.
public enum OpenDescriptors {
    /// Closes every descriptor but the standard three in programs that are started from now on. An accepted socket is
    /// inherited otherwise, and a program that outlives its caller would keep the connection open.
    ///
    /// A descriptor that another thread opens at the same time can be missed. Without `/proc` nothing happens.
    public static func closeInChildren() {
        guard let folder = opendir("/proc/self/fd") else { return }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let descriptor = Int32(name), descriptor > STDERR_FILENO else { continue }
            let flags = fcntl(descriptor, F_GETFD)
            if flags >= 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
        }
    }
}
