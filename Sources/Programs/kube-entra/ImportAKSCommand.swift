internal import ArgumentParser
internal import Certificates
internal import Configuration
internal import Entra
internal import Files
internal import Glibc
internal import Inspection
internal import Jansson
internal import PolicyChecks
internal import SafeText
internal import Terminal

/// `kube-entra config import-aks`: from AKS-managed Entra integration to a configuration.
struct ImportAKSCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import-aks",
        abstract: "Turns an AKS aadProfile into a configuration.",
        discussion: """
            Reads what `az aks show` or `az aks list` prints, an ARM template, or an aadProfile alone. Clusters with \
            the same settings become one configuration. Those that differ become one each: in files of their own with \
            --folder, else one behind the other, with a line of --- between them; --cluster chooses one.

              az aks show --resource-group production --name prod |
                kube-entra config import-aks --out kube-entra.yaml

            What cannot be carried over is said on standard error.
            """
    )

    /// The output of `az aks list` for a large subscription is a few megabytes.
    private static let maximumBytes = 32 << 20

    @Argument(
        help: ArgumentHelp("The JSON file; - or nothing reads standard input.", valueName: "file"), completion: .file())
    var file: String?

    @Option(
        name: .customLong("tenant-id"),
        help: ArgumentHelp("The tenant, where the profile does not name it.", valueName: "id"))
    var tenantID: String?

    @Option(name: .long, help: "The tenant's cloud; default: by the cluster's address.")
    var cloud: Cloud?

    @Option(name: .long, help: ArgumentHelp("Only the cluster of this name.", valueName: "name"))
    var cluster: String?

    @Option(
        name: .long,
        help: ArgumentHelp("The folder of the certificates, as seen from the configuration file.", valueName: "folder"),
        completion: .directory)
    var certs: String = "certs"

    @Option(
        name: .long, help: ArgumentHelp("Where to write; standard output without it.", valueName: "file"),
        completion: .file())
    var out: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Write one file a cluster into this folder, each named after its cluster.", valueName: "folder"),
        completion: .directory)
    var folder: String?

    @Flag(name: .long, help: "Overwrite files that are there.")
    var force = false

    func validate() throws {
        if let tenantID, GUID(lenient: tenantID) == nil {
            throw ValidationError("--tenant-id must be a tenant's ID (a GUID)")
        }
        guard out == nil || folder == nil else { throw ValidationError("give --out or --folder, not both") }
    }

    func run() throws {
        let clusters = try readClusters()
        if let folder {
            try writeAll(clusters, into: folder)
            return
        }
        guard let out else {
            let texts = try distinct(clusters).map(render)
            Console.write(Array(texts.joined(separator: "---\n").utf8))
            return
        }
        let setups = try distinct(clusters)
        guard let only = setups.first, setups.count == 1 else {
            throw CommandFailure(
                "these clusters have different settings, and one configuration for all would let each cluster's admins"
                    + " into the others: choose with --cluster, or write all with --folder. Clusters: "
                    + clusters.enumerated().map { $1.name ?? "number \($0 + 1)" }.joined(separator: ", "))
        }
        try write(render(only), to: out)
    }

    /// The first cluster of each setup. If one cannot be translated, the command fails before anything is written.
    private func distinct(_ clusters: [AKSCluster]) throws -> [AKSCluster] {
        var setups: [AKSCluster] = []
        for cluster in clusters {
            guard let same = setups.firstIndex(where: { $0.isSameSetup(as: cluster) }) else {
                setups.append(cluster)
                continue
            }
            // Notes about a single cluster are printed for the configuration that covers it.
            let further = cluster.notes.filter { !setups[same].notes.contains($0) }
            setups[same].notes += further.map { note in (cluster.name.map { "\($0): " } ?? "") + note }
        }
        let broken = clusters.filter { !$0.problems.isEmpty }
        for cluster in broken { sayProblems(cluster) }
        guard broken.isEmpty else { throw ExitCode.cannot }
        if setups.count > 1, out == nil {
            Console.note("note: \(setups.count) configurations, one for each setup; --folder writes them as files")
        }
        return setups
    }

    private func readClusters() throws -> [AKSCluster] {
        let source = file.flatMap { $0 == "-" ? nil : $0 }
        let place = source ?? "standard input"
        let document: JSONDocument
        do {
            let bytes =
                try source.map { try FileIO.read($0, maximumBytes: ImportAKSCommand.maximumBytes) }
                ?? FileIO.read(descriptor: STDIN_FILENO, maximumBytes: ImportAKSCommand.maximumBytes)
            guard bytes.contains(where: { $0 > 0x20 }) else {
                throw CommandFailure(
                    "\(place): there is nothing here",
                    hint: "did `az aks show` fail? Run it by itself to see what it says")
            }
            document = try JSONDocument(parsing: bytes, maximumBytes: ImportAKSCommand.maximumBytes, maximumDepth: 64)
        } catch let error as FileError {
            throw CommandFailure("\(place): \(error.sentence)")
        } catch let error as JSONError {
            throw CommandFailure(
                "\(place): \(error.sentence)", hint: "did `az aks show` fail, or print no JSON (--output json)?")
        }
        var clusters = AKSDocument.clusters(in: document)
        guard !clusters.isEmpty else {
            throw CommandFailure("\(place): there is no aadProfile in it; `az aks show` prints one")
        }
        if let cluster {
            let names = clusters.compactMap(\.name).map(PrintableText.quoted)
            clusters = clusters.filter { $0.name == cluster }
            guard !clusters.isEmpty else {
                throw CommandFailure(
                    "\(place): there is no cluster of the name given"
                        + (names.isEmpty ? "; none has a name here" : ": there is \(names.joined(separator: ", "))"))
            }
        }
        let others = clusters.filter(\.usesEntra)
        guard others.count < clusters.count, !others.isEmpty else { return clusters }
        for cluster in clusters where !cluster.usesEntra {
            Console.note("note: \(cluster.name.map { "\($0): " } ?? "")left out, since it does not use Entra")
        }
        return others
    }

    private func sayProblems(_ cluster: AKSCluster) {
        let prefix = cluster.name.map { "\($0): " } ?? ""
        for problem in cluster.problems { Console.note("kube-entra: \(prefix)\(problem)") }
    }

    /// The configuration of a cluster; notes for people go to standard error.
    private func render(_ cluster: AKSCluster) throws -> String {
        let prefix = cluster.name.map { "\($0): " } ?? ""
        guard cluster.problems.isEmpty else {
            sayProblems(cluster)
            throw ExitCode.cannot
        }
        guard let tenant = tenantID.flatMap({ GUID(lenient: $0) }) ?? cluster.tenantID else {
            throw CommandFailure("\(prefix)the profile does not name the tenant: give --tenant-id")
        }
        for note in cluster.notes { Console.note("note: \(prefix)\(note)") }
        return cluster.template(tenantID: tenant, cloud: cloud, certificates: certs).render()
    }

    private func writeAll(_ clusters: [AKSCluster], into folder: String) throws {
        var names: Set<String> = []
        var isComplete = true
        for (index, cluster) in clusters.enumerated() {
            var name = fileName(cluster.name) ?? "cluster-\(index + 1)"
            if !names.insert(name).inserted { name += "-\(index + 1)" }
            names.insert(name)
            do {
                let text = try render(cluster)
                try CertificateFolder(path: folder).make()
                try write(text, to: "\(folder)/\(name).yaml")
            } catch let failure as CommandFailure {
                Console.note(failure.message)
                isComplete = false
            } catch let code as ExitCode where code == .cannot {
                isComplete = false
            }
        }
        guard isComplete else { throw ExitCode.cannot }
    }

    /// A cluster's name, if it can name a file.
    private func fileName(_ name: String?) -> String? {
        guard let name, let first = name.utf8.first, first != UInt8(ascii: "."), name.utf8.count <= 100,
            name.utf8.allSatisfy({ byte in
                (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 45
                    || byte == 46 || byte == 95
            })
        else { return nil }
        return name
    }

    private func write(_ text: String, to path: String) throws {
        do throws(FileError) {
            try FileIO.write(Array(text.utf8), to: path, mode: 0o644, replacing: force)
        } catch {
            throw CommandFailure("\(path): \(error.sentence)\(error == .exists ? "; --force replaces it" : "")")
        }
        Console.note("wrote \(path)")
    }
}
