internal import Files
internal import Terminal

/// The file that gives kube-apiserver its flags: as it is, and as it is to be.
struct APIServerFiles {
    let distribution: Distribution
    let path: String
    /// Nil where a drop-in is not there yet.
    let old: [UInt8]?
    let new: [UInt8]
    /// Flags that make kube-apiserver judge tokens by itself.
    let ownAuthenticators: [String]
    /// The user of kube-apiserver's container; nil is root.
    let userID: UInt32?

    var isChange: Bool { old != new }

    init(_ distribution: Distribution, _ flags: WebhookFlags, files: NodeFiles) throws {
        self.distribution = distribution
        path = distribution.flagFile
        old = try files.content(path)
        do throws(ManifestProblem) {
            switch distribution {
            case .kubeadm:
                guard let old else { throw .notExpected("there is no such file") }
                new = try APIServerManifest.adding(flags, to: old)
                let manifest = try APIServerManifest(old)
                ownAuthenticators = manifest.ownAuthenticators
                userID = manifest.userID
            case .rke2, .k3s:
                let dropIn = DropIn(flags: flags, needsMount: distribution == .rke2)
                try dropIn.check(APIServerFiles.others(distribution, files: files))
                new = Array(dropIn.text.utf8)
                ownAuthenticators = []
                userID = nil
            }
        } catch {
            throw CommandFailure("\(path): \(error.sentence)", hint: error.hint)
        }
    }

    /// The distribution's files with flags, but for our own, in the order in which they are read.
    private static func others(_ distribution: Distribution, files: NodeFiles) -> [(name: String, bytes: [UInt8])] {
        guard let folder = distribution.configFolder else { return [] }
        let dropIns = files.names(in: folder + "/config.yaml.d").filter {
            ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) && !$0.hasPrefix(".") && $0 != DropIn.fileName
        }
        let paths = [("config.yaml", folder + "/config.yaml")] + dropIns.map { ($0, "\(folder)/config.yaml.d/\($0)") }
        return paths.compactMap { name, path in
            (try? files.content(path)).flatMap { $0 }.map { (name: name, bytes: $0) }
        }
    }

    /// The text without what was added; nil for a drop-in, which goes as a whole.
    func without(_ flags: WebhookFlags, from current: [UInt8]) throws(ManifestProblem) -> [UInt8]? {
        guard distribution == .kubeadm else { return nil }
        return try APIServerManifest.removing(flags, from: current)
    }

    /// Whether a text makes kube-apiserver ask this webhook.
    static func asks(_ bytes: [UInt8], _ distribution: Distribution, _ flags: WebhookFlags) -> Bool {
        switch distribution {
        case .kubeadm: (try? APIServerManifest(bytes).asks(flags)) ?? false
        case .rke2, .k3s: true
        }
    }
}
