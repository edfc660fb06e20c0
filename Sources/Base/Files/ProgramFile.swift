import Glibc

/// The file of this program, as far as it is mapped into memory.
public enum ProgramFile {
    /// Releases the pages of the file's first mapping that were read so far: symbols, and the relocations, which the
    /// loader reads once. If some of them are needed again, the kernel maps them from its cache.
    ///
    /// Does nothing and returns false if the first mapping is not as expected, or was written to.
    @discardableResult
    public static func releaseHead() -> Bool {
        guard let mappings = beginning(of: "/proc/self/smaps"), let program = target(of: "/proc/self/exe"),
            let head = head(of: program, in: mappings), let start = UnsafeMutableRawPointer(bitPattern: head.lowerBound)
        else { return false }
        return madvise(start, Int(head.upperBound - head.lowerBound), MADV_DONTNEED) == 0
    }

    /// The addresses of the program's head, if it is the first mapping of a list (`proc_pid_smaps(5)`), cannot be
    /// written to, and has no page that was changed.
    static func head(of program: String, in mappings: String) -> Range<UInt>? {
        let lines = mappings.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first else { return nil }
        // Address, permissions, offset, device, inode, path.
        let fields = first.split(separator: " ", maxSplits: 5)
        guard fields.count == 6, fields[1] == "r--p", fields[2].allSatisfy({ $0 == "0" }),
            fields[5].drop(while: { $0 == " " }).utf8.elementsEqual(program.utf8)
        else { return nil }
        let addresses = fields[0].split(separator: "-").map { UInt($0, radix: 16) }
        guard addresses.count == 2, let start = addresses[0], let end = addresses[1], start < end else { return nil }
        let figures = lines.dropFirst().prefix { $0.split(separator: " ").first?.last == ":" }
        let changed = figures.first { $0.starts(with: "Anonymous:") }
        guard let changed, changed.split(separator: " ").dropFirst().first == "0" else { return nil }
        return start..<end
    }

    /// The first bytes of a file, which are enough for the first mapping.
    private static func beginning(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 1) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }

    private static func target(of link: String) -> String? {
        withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { buffer in
            guard let place = buffer.baseAddress?.assumingMemoryBound(to: CChar.self) else { return nil }
            let count = readlink(link, place, buffer.count)
            return count > 0 && count < buffer.count ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }
}
