internal import ArgumentParser
internal import Certificates
internal import Configuration
internal import Entra
internal import Files
internal import Glibc
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

    @Argument(help: .init("The JSON file; - or nothing reads standard input.", valueName: "file"), completion: .file())
    var file: String?

    @Option(help: .init("The tenant, where the profile does not name it.", valueName: "id")) var tenantID: String?
    @Option(help: "The tenant's cloud; default: by the cluster's address.") var cloud: Cloud?
    @Option(help: .init("Only the cluster of this name.", valueName: "name")) var cluster: String?

    @Option(
        help: .init("The folder of the certificates, as seen from the configuration file.", valueName: "folder"),
        completion: .directory)
    var certs: String = "certs"

    @Option(help: .init("Where to write; standard output without it.", valueName: "file"), completion: .file())
    var out: String?

    @Option(
        help: .init("Write one file a cluster into this folder, each named after its cluster.", valueName: "folder"),
        completion: .directory)
    var folder: String?

    @Flag(help: "Overwrite files that are there.") var force = false

    func validate() throws {
        if let tenantID, GUID(lenient: tenantID) == nil {
            throw ValidationError("--tenant-id must be a tenant's ID (a GUID)")
        }
        guard out == nil || folder == nil else { throw ValidationError("give --out or --folder, not both") }
    }

    func run() throws {
        let source = file.flatMap { $0 == "-" ? nil : $0 }
        let place = source ?? "standard input"
        let (clusters, notes) = try AKSImport.clusters(in: read(source, place), from: place, named: cluster)
        for note in notes { Console.note(note) }
        let translation = AKSImport(
            tenantID: tenantID.flatMap { GUID(lenient: $0) }, cloud: cloud, certificates: certs)
        if let folder {
            try writeAll(clusters, translation, into: folder)
            return
        }
        let setups = try AKSImport.setups(of: clusters)
        guard let out else {
            if setups.count > 1 {
                Console.note("note: \(setups.count) configurations, one for each setup; --folder writes them as files")
            }
            let texts = try setups.map { try text(of: $0, translation) }
            Console.write(Array(texts.joined(separator: "---\n").utf8))
            return
        }
        guard let only = setups.first, setups.count == 1 else {
            throw CommandFailure(
                "these clusters have different settings, and one configuration for all would let each cluster's admins"
                    + " into the others: choose with --cluster, or write all with --folder. Clusters: "
                    + clusters.enumerated().map { $1.name ?? "number \($0 + 1)" }.joined(separator: ", "))
        }
        try write(text(of: only, translation), to: out)
    }

    private func read(_ source: String?, _ place: String) throws -> [UInt8] {
        do throws(FileError) {
            guard let source else {
                return try FileIO.read(descriptor: STDIN_FILENO, maximumBytes: AKSImport.maximumBytes)
            }
            return try FileIO.read(source, maximumBytes: AKSImport.maximumBytes)
        } catch {
            throw CommandFailure("\(place): \(error.sentence)")
        }
    }

    /// The configuration of a cluster; what people should know goes to standard error.
    private func text(of cluster: AKSCluster, _ translation: AKSImport) throws -> String {
        let (text, notes) = try translation.configuration(of: cluster)
        for note in notes { Console.note(note) }
        return text
    }

    private func writeAll(_ clusters: [AKSCluster], _ translation: AKSImport, into folder: String) throws {
        var isComplete = true
        for (cluster, name) in zip(clusters, AKSImport.fileNames(of: clusters)) {
            do {
                let text = try text(of: cluster, translation)
                try CertificateFolder(path: folder).make()
                try write(text, to: "\(folder)/\(name).yaml")
            } catch let failure as CommandFailure {
                // The other clusters' files are still worth having.
                Console.note(failure.message)
                isComplete = false
            }
        }
        guard isComplete else { throw ExitCode.cannot }
    }

    private func write(_ text: String, to path: String) throws {
        try Console.write(Array(text.utf8), to: path, mode: 0o644, replacing: force)
    }
}
