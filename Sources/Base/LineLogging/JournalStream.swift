internal import Glibc

/// Whether a descriptor leads to systemd's journal, which reads a line's priority and has its own time for it.
public enum JournalStream {
    /// - Parameter stream: what the environment's `JOURNAL_STREAM` says: device and inode of what the journal reads. It
    ///   is inherited also by programs whose output goes elsewhere, so that it has to be compared.
    public static func isRead(from descriptor: Int32, stream: String?) -> Bool {
        guard let parts = stream?.split(separator: ":", omittingEmptySubsequences: false), parts.count == 2,
            let device = UInt64(parts[0]), let inode = UInt64(parts[1])
        else { return false }
        var status = stat()
        return fstat(descriptor, &status) == 0 && UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
    }

    /// The same, by this process's environment.
    public static func isRead(from descriptor: Int32) -> Bool {
        isRead(from: descriptor, stream: getenv("JOURNAL_STREAM").map { String(cString: $0) })
    }
}
