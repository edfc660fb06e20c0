import Glibc

/// Reports the service's state to systemd (sd_notify(3)); does nothing if systemd did not ask for it.
struct SystemdNotifier: Sendable {
    private let path: String?

    init() {
        path = getenv("NOTIFY_SOCKET").map { String(cString: $0) }
    }

    /// The watchdog interval of systemd; nil if the service has no watchdog.
    var watchdogInterval: Duration? {
        // The variables may be inherited and meant for another process (sd_watchdog_enabled(3)).
        if let owner = getenv("WATCHDOG_PID"), String(cString: owner) != String(getpid()) { return nil }
        guard path != nil, let text = getenv("WATCHDOG_USEC"), let microseconds = Int64(String(cString: text)),
            microseconds > 0
        else { return nil }
        return .microseconds(microseconds)
    }

    /// Whether systemd asked for reports.
    var isListening: Bool { path?.isEmpty == false }

    func ready() { send("READY=1") }

    func tell(status: String) { send("STATUS=\(status)") }

    func reloading() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        send("RELOADING=1\nMONOTONIC_USEC=\(time.tv_sec * 1_000_000 + time.tv_nsec / 1000)")
    }

    func stopping() { send("STOPPING=1\nSTATUS=finishing what was asked") }

    func alive() { send("WATCHDOG=1") }

    private func send(_ state: String) {
        guard let path, !path.isEmpty else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard name.count < capacity else { return }
        // A leading @ means the abstract namespace.
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let message = Array(state.utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
