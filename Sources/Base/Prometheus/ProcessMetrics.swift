import Glibc

/// The usual metrics of a process, read from /proc on each exposition.
enum ProcessMetrics {
    static func read() -> [(family: MetricFamily, value: Double)] {
        let fields = statFields()
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        var figures: [(family: MetricFamily, value: Double)] = []
        func add(_ name: String, _ help: String, _ kind: MetricFamily.Kind, _ value: Double?) {
            guard let value else { return }
            figures.append((MetricFamily(name: name, help: help, kind: kind), value))
        }
        let cpu = field(fields, 11).flatMap { user in field(fields, 12).map { (user + $0) / ticks } }
        add("process_cpu_seconds_total", "Processor time that was used, in seconds.", .counter, cpu)
        add("process_open_fds", "Open file descriptors.", .gauge, openFileDescriptors())
        add("process_max_fds", "File descriptors that may be open.", .gauge, maximumFileDescriptors())
        add("process_virtual_memory_bytes", "Size of the address space in bytes.", .gauge, field(fields, 20))
        add(
            "process_resident_memory_bytes", "Memory in use in bytes.", .gauge,
            field(fields, 21).map { $0 * Double(sysconf(Int32(_SC_PAGESIZE))) })
        let start = field(fields, 19).flatMap { started in bootTime().map { $0 + started / ticks } }
        add("process_start_time_seconds", "When the process began, in seconds since 1970.", .gauge, start)
        return figures
    }

    /// The fields of /proc/self/stat after the command name, which may contain anything.
    private static func statFields() -> [Substring] {
        guard let text = contents("/proc/self/stat"), let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private static func field(_ fields: [Substring], _ index: Int) -> Double? {
        fields.indices.contains(index) ? Double(fields[index]) : nil
    }

    private static func bootTime() -> Double? {
        contents("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }
            .flatMap { Double($0.dropFirst(6)) }
    }

    private static func maximumFileDescriptors() -> Double? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Double(limit.rlim_cur)
    }

    private static func openFileDescriptors() -> Double? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            if entry.pointee.d_name.0 != CChar(bitPattern: UInt8(ascii: ".")) { count += 1 }
        }
        return Double(count - 1)  // Without the descriptor of this function.
    }

    private static func contents(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 1)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(file, buffer.baseAddress, buffer.count)
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer.prefix(count))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
