import Files
import Glibc

/// Reads the files, folders or standard input of `--cluster`.
public enum ClusterFiles {
    /// - Parameter paths: a file, a folder (its `.yaml`, `.yml` and `.json` files, and those of its folders), or `-`.
    /// - Throws: ``ClusterError`` with the place of the first problem.
    public static func read(
        _ paths: [String], limits: ClusterLimits = ClusterLimits()
    ) throws(ClusterError) -> Cluster {
        var reading = Reading(limits: limits)
        for path in paths { try reading.read(path) }
        reading.sayWhatWasSkipped()
        return try reading.reader.cluster()
    }

    private struct Reading {
        var reader: ClusterReader
        var remainingBytes: Int
        /// Number of files in folders that were skipped, because their names do not end like those of manifests.
        private var skippedFiles = 0
        let limits: ClusterLimits

        init(limits: ClusterLimits) {
            self.limits = limits
            remainingBytes = limits.bytes
            reader = ClusterReader(limits: limits)
        }

        mutating func read(_ path: String) throws(ClusterError) {
            if path == "-" {
                return try read(descriptor: STDIN_FILENO, name: "standard input", mustHoldSomething: true)
            }
            var status = stat()
            guard stat(path, &status) == 0 else { throw ClusterFiles.failure(path, errno) }
            if status.st_mode & S_IFMT == S_IFDIR {
                try readFolder(path, depth: 1)
            } else {
                try readFile(path, mustHoldSomething: true)
            }
        }

        /// Names skipped files only if nothing was read: other files beside manifests are usual.
        mutating func sayWhatWasSkipped() {
            guard skippedFiles > 0, reader.isEmpty else { return }
            reader.note(
                "passed over \(skippedFiles) file\(skippedFiles == 1 ? "" : "s"): of a folder, only .yaml, .yml and"
                    + " .json files are read")
        }

        private mutating func readFolder(_ path: String, depth: Int) throws(ClusterError) {
            guard depth <= 64 else { throw ClusterError("folders are nested more than 64 deep", file: path) }
            for name in try ClusterFiles.names(in: path) {
                let child = path.utf8.last == UInt8(ascii: "/") ? path + name : "\(path)/\(name)"
                var status = stat()
                guard lstat(child, &status) == 0 else { throw ClusterFiles.failure(child, errno) }
                if status.st_mode & S_IFMT == S_IFDIR {
                    try readFolder(child, depth: depth + 1)
                    continue
                }
                guard
                    [".yaml", ".yml", ".json"].contains(where: {
                        name.utf8.suffix($0.utf8.count).elementsEqual($0.utf8)
                    })
                else {
                    skippedFiles += 1
                    continue
                }
                if status.st_mode & S_IFMT == S_IFLNK {
                    guard stat(child, &status) == 0 else { throw ClusterFiles.failure(child, errno) }
                }
                // Links to folders are not followed. Anything that is neither a file nor a folder may never end.
                guard status.st_mode & S_IFMT == S_IFREG else { continue }
                try readFile(child, mustHoldSomething: false)
            }
        }

        private mutating func readFile(_ path: String, mustHoldSomething: Bool) throws(ClusterError) {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw ClusterFiles.failure(path, errno) }
            defer { close(descriptor) }
            try read(descriptor: descriptor, name: path, mustHoldSomething: mustHoldSomething)
        }

        private mutating func read(
            descriptor: Int32, name: String, mustHoldSomething: Bool
        ) throws(ClusterError) {
            let bytes: [UInt8]
            do throws(FileError) {
                bytes = try FileIO.read(descriptor: descriptor, maximumBytes: remainingBytes)
            } catch .tooLarge {
                throw ClusterError("all together is larger than \(limits.bytes / 1_000_000) MB", file: name)
            } catch {
                throw ClusterError(error.sentence, file: name)
            }
            remainingBytes -= bytes.count
            let isSomething = try reader.read(bytes, file: name)
            // The empty output of a failed command is not a cluster without roles.
            guard isSomething || !mustHoldSomething else { throw ClusterError("there is nothing in it", file: name) }
        }
    }

    private static func names(in folder: String) throws(ClusterError) -> [String] {
        guard let stream = opendir(folder) else { throw failure(folder, errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func failure(_ path: String, _ code: Int32) -> ClusterError {
        ClusterError(FileError(code).sentence, file: path)
    }
}
