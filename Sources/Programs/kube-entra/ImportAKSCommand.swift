import ArgumentParser
import CommandInput
import Configuration
import Entra

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

    @Option(
        help: .init("Where to write; standard output without it, or for -.", valueName: "file"), completion: .file())
    var out: String?

    @Option(
        help: .init("Write one file a cluster into this folder, each named after its cluster.", valueName: "folder"),
        completion: .directory)
    var folder: String?

    @Flag(help: "Overwrite files that are there.") var force = false

    func validate() throws {
        try checked { try IDArgument.read(tenantID, .tenant, option: "--tenant-id") }
        guard out?.isEmpty != true else { throw ValidationError("--out must name a file") }
        guard folder?.isEmpty != true else { throw ValidationError("--folder must name a folder") }
        guard out == nil || folder == nil else { throw ValidationError("give --out or --folder, not both") }
    }

    func run() throws {
        let translation = AKSImport(
            tenantID: try IDArgument.read(tenantID, .tenant, option: "--tenant-id"), cloud: cloud, certificates: certs)
        let isComplete = try translation.run(
            source: file, named: cluster, destination: folder.map { .folder($0) } ?? .file(out), isReplacing: force)
        guard isComplete else { throw ExitCode.cannot }
    }
}
