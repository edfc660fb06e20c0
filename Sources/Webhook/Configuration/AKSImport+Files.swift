import Terminal

extension AKSImport {
    /// Where the configurations go.
    public enum Destination: Sendable {
        /// One configuration for all clusters; nil for standard output, which takes several.
        case file(String?)
        /// A folder with one file for each cluster.
        case folder(String)
    }

    /// Reads the clusters of `source` and writes their configurations. Messages go to standard error.
    ///
    /// - Parameters:
    ///   - source: the JSON file; nil or `-` for standard input.
    ///   - name: only the cluster of this name.
    ///   - isReplacing: whether existing files are replaced.
    /// - Returns: whether everything was written. For each file that was not, a message says why.
    /// - Throws: `CommandFailure` if nothing could be written.
    public func run(
        source: String?, named name: String?, destination: Destination, isReplacing: Bool
    ) throws -> Bool {
        let path = source == "-" ? nil : source
        let bytes =
            try path.map { try CommandFile.read($0, maximumBytes: AKSImport.maximumBytes) }
            ?? CommandFile.readStandardInput(maximumBytes: AKSImport.maximumBytes)
        let (clusters, notes) = try AKSImport.clusters(in: bytes, from: path ?? "standard input", named: name)
        Console.notes(notes)
        if case .folder(let folder) = destination {
            return try writeAll(clusters, into: folder, isReplacing: isReplacing)
        }
        let setups = try AKSImport.setups(of: clusters)
        guard case .file(let out?) = destination, CommandFile.stream(out) == nil else {
            if setups.count > 1 {
                Console.note("note: \(setups.count) configurations, one for each setup; --folder writes them as files")
            }
            let all = Array(try setups.map { try text(of: $0) }.joined(separator: "---\n").utf8)
            let stream: String? = if case .file(let out) = destination { out } else { nil }
            try Console.write(all, to: stream, mode: 0o644, replacing: isReplacing)
            return true
        }
        guard let only = setups.first, setups.count == 1 else {
            throw CommandFailure(
                "these clusters have different settings, and one configuration for all would let each cluster's admins"
                    + " into the others: choose with --cluster, or write all with --folder. Clusters: "
                    + clusters.enumerated().map { $1.name ?? "number \($0 + 1)" }.joined(separator: ", "))
        }
        try Console.write(Array(text(of: only).utf8), to: out, mode: 0o644, replacing: isReplacing)
        return true
    }

    private func text(of cluster: AKSCluster) throws -> String {
        let (text, notes) = try configuration(of: cluster)
        Console.notes(notes)
        return text
    }

    private func writeAll(_ clusters: [AKSCluster], into folder: String, isReplacing: Bool) throws -> Bool {
        var isComplete = true
        for (cluster, name) in zip(clusters, AKSImport.fileNames(of: clusters)) {
            do {
                let text = try text(of: cluster)
                try CommandFile.makeFolder(folder)
                try Console.write(
                    Array(text.utf8), to: "\(folder)/\(name).yaml", mode: 0o644, replacing: isReplacing)
            } catch let failure as CommandFailure {
                // The other clusters' files are still worth having.
                Console.notes(failure.lines)
                isComplete = false
            }
        }
        return isComplete
    }
}
