import Glibc

/// Counts the CPUs that this process may use.
public enum AvailableCPUs {
    /// More event loops would only share the same work: four answer tens of thousands of reviews a second.
    static let mostEventLoops = 4

    /// One event loop for each CPU that affinity and cgroup quota allow, at most four.
    public static var eventLoops: Int {
        eventLoops(
            allowed: allowed(status: read("/proc/self/status")) ?? mostEventLoops,
            quota: quota(cgroup: read("/proc/self/cgroup"), file: read))
    }

    static func eventLoops(allowed: Int, quota: Double?) -> Int {
        // Half a CPU gives one event loop; one and a half give two.
        let whole = quota.map { Int(max(1, min($0, 1024)).rounded(.up)) } ?? .max
        return max(1, min(mostEventLoops, allowed, whole))
    }

    /// The CPUs that a cgroup of version 2 allows, its own or one above it; nil for no limit.
    ///
    /// - Parameters:
    ///   - cgroup: the content of `/proc/self/cgroup`.
    ///   - file: reads a file; nil if it does not exist.
    static func quota(cgroup: String?, file: (String) -> String?) -> Double? {
        guard let line = cgroup?.split(separator: "\n").first(where: { $0.utf8.starts(with: "0::/".utf8) }) else {
            return nil
        }
        var parts = line.utf8.dropFirst(4).split(separator: UInt8(ascii: "/")).compactMap { String(Substring($0)) }
        var least: Double?
        while true {
            let path = (["/sys/fs/cgroup"] + parts + ["cpu.max"]).joined(separator: "/")
            if let share = file(path).flatMap(share) { least = min(least ?? share, share) }
            if parts.popLast() == nil { return least }
        }
    }

    /// Reads `QUOTA PERIOD`; nil for `max PERIOD`.
    private static func share(_ text: String) -> Double? {
        let words = text.split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), quota > 0, period > 0
        else {
            return nil
        }
        return quota / period
    }

    /// Number of CPUs that affinity allows; nil if unknown.
    ///
    /// - Parameter status: the content of `/proc/self/status`, with a line such as `Cpus_allowed: ff,ffffffff`.
    static func allowed(status: String?) -> Int? {
        let name = "Cpus_allowed:"
        guard let line = status?.split(separator: "\n").first(where: { $0.utf8.starts(with: name.utf8) }) else {
            return nil
        }
        let digits = line.utf8.dropFirst(name.utf8.count).filter { $0 != 0x2C && $0 > 0x20 }
        let bits = digits.compactMap { Int(String(Unicode.Scalar($0)), radix: 16)?.nonzeroBitCount }
        return bits.count == digits.count && !digits.isEmpty ? bits.reduce(0, +) : nil
    }

    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(file, &bytes, bytes.count)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
