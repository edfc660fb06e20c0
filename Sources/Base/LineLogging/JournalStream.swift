import Glibc

/// Whether a descriptor is connected to systemd's journal, which reads the priority of lines and adds the time itself.
public enum JournalStream {
    /// - Parameter stream: the environment's `JOURNAL_STREAM`: device and inode of the journal's socket. Programs with
    ///   redirected output inherit it too, so it must be compared with the descriptor.
    public static func isRead(from descriptor: Int32, stream: String?) -> Bool {
        guard let parts = stream?.split(separator: ":", omittingEmptySubsequences: false), parts.count == 2,
            let device = UInt64(parts[0]), let inode = UInt64(parts[1])
        else { return false }
        var status = stat()
        return fstat(descriptor, &status) == 0 && UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
    }

    /// The same, with this process's environment.
    public static func isRead(from descriptor: Int32) -> Bool {
        isRead(from: descriptor, stream: getenv("JOURNAL_STREAM").map { String(cString: $0) })
    }
}
