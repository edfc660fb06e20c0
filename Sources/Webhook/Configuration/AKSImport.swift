public import Entra
import Jansson
import SafeText
public import Terminal

/// Turns AKS clusters into configurations.
public struct AKSImport: Sendable {
    /// The largest input in bytes: `az aks list` of a large subscription is a few megabytes.
    public static let maximumBytes = 32 << 20

    /// The tenant, where a profile does not name it.
    public var tenantID: GUID?
    /// The clusters' cloud; nil derives it from the addresses of their API servers.
    public var cloud: Cloud?
    /// The folder of the certificates, as the configuration names it.
    public var certificates: String

    /// An import with the command line's values.
    public init(tenantID: GUID?, cloud: Cloud?, certificates: String) {
        self.tenantID = tenantID
        self.cloud = cloud
        self.certificates = certificates
    }

    /// Reads the clusters that use Entra.
    ///
    /// - Parameters:
    ///   - place: where the input is from, for messages.
    ///   - name: only the cluster of this name.
    /// - Returns: the clusters, and what to tell people about those left out.
    /// - Throws: `CommandFailure` if the input has no such cluster.
    public static func clusters(
        in bytes: [UInt8], from place: String, named name: String?
    ) throws(CommandFailure) -> (clusters: [AKSCluster], notes: [String]) {
        guard bytes.contains(where: { $0 > 0x20 }) else {
            throw CommandFailure(
                "\(place): there is nothing here",
                hint: "did `az aks show` fail? Run it by itself to see what it says")
        }
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: bytes, maximumBytes: maximumBytes, maximumDepth: 64)
        } catch {
            throw CommandFailure(
                "\(place): \(error.sentence)", hint: "did `az aks show` fail, or print no JSON (--output json)?")
        }
        var clusters = AKSDocument.clusters(in: document)
        guard !clusters.isEmpty else {
            throw CommandFailure("\(place): there is no aadProfile in it; `az aks show` prints one")
        }
        if let name {
            let names = clusters.compactMap(\.name).map(PrintableText.quoted)
            clusters = clusters.filter { $0.name.map { ExactText($0) } == ExactText(name) }
            guard !clusters.isEmpty else {
                throw CommandFailure(
                    "\(place): there is no cluster of the name given"
                        + (names.isEmpty ? "; none has a name here" : ": there is \(names.joined(separator: ", "))"))
            }
        }
        let others = clusters.filter(\.usesEntra)
        guard others.count < clusters.count, !others.isEmpty else { return (clusters, []) }
        let notes = clusters.filter { !$0.usesEntra }.map { cluster in
            "note: \(prefix(cluster))left out, since it does not use Entra"
        }
        return (others, notes)
    }

    /// The first cluster of each setup, with the remarks of all clusters of that setup.
    ///
    /// - Throws: `CommandFailure` with every problem if a cluster cannot be translated, so that nothing is written.
    public static func setups(of clusters: [AKSCluster]) throws(CommandFailure) -> [AKSCluster] {
        let problems = clusters.flatMap(problems)
        guard problems.isEmpty else { throw failure(problems) }
        var setups: [AKSCluster] = []
        for cluster in clusters {
            guard let same = setups.firstIndex(where: { $0.isSameSetup(as: cluster) }) else {
                setups.append(cluster)
                continue
            }
            // Remarks about one cluster are also printed with the configuration that stands for it.
            let further = cluster.notes.filter { !setups[same].notes.contains($0) }
            setups[same].notes += further.map { prefix(cluster) + $0 }
        }
        return setups
    }

    /// The configuration of a cluster, and what to tell people about it.
    ///
    /// - Throws: `CommandFailure` if it cannot be translated, or its tenant is not known.
    public func configuration(of cluster: AKSCluster) throws(CommandFailure) -> (text: String, notes: [String]) {
        let prefix = AKSImport.prefix(cluster)
        guard cluster.problems.isEmpty else { throw AKSImport.failure(AKSImport.problems(cluster)) }
        guard let tenant = tenantID ?? cluster.tenantID else {
            throw CommandFailure("\(prefix)the profile does not name the tenant: give --tenant-id")
        }
        let text = cluster.template(tenantID: tenant, cloud: cloud, certificates: certificates).render()
        return (text, cluster.notes.map { "note: \(prefix)\($0)" })
    }

    /// The name of each cluster's file: its own name if that can name a file and is free, else its number.
    public static func fileNames(of clusters: [AKSCluster]) -> [String] {
        var taken: Set<String> = []
        return clusters.enumerated().map { index, cluster in
            var name = fileName(cluster.name) ?? "cluster-\(index + 1)"
            if !taken.insert(name).inserted { name += "-\(index + 1)" }
            taken.insert(name)
            return name
        }
    }

    private static func fileName(_ name: String?) -> String? {
        guard let name, let first = name.utf8.first, first != UInt8(ascii: "."), name.utf8.count <= 100,
            name.utf8.allSatisfy({ byte in
                (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte)
                    || "-._".utf8.contains(byte)
            })
        else { return nil }
        return name
    }

    private static func prefix(_ cluster: AKSCluster) -> String { cluster.name.map { "\($0): " } ?? "" }

    private static func problems(_ cluster: AKSCluster) -> [String] {
        cluster.problems.map { prefix(cluster) + "\($0)" }
    }

    private static func failure(_ problems: [String]) -> CommandFailure {
        var failure = CommandFailure(problems.last ?? "")
        failure.earlier = problems.dropLast().map { "kube-entra: " + $0 }
        return failure
    }
}
