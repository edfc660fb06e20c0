import Files
import Terminal

/// The file with kube-apiserver's flags: as it is, and as it shall be.
struct APIServerFiles {
    let distribution: Distribution
    let path: String
    /// Nil if a drop-in does not exist yet.
    let old: [UInt8]?
    let new: [UInt8]
    /// Flags with which kube-apiserver validates tokens itself.
    let ownAuthenticators: [String]
    /// The user of kube-apiserver's container; nil is root.
    let userID: UInt32?

    var isChange: Bool { old != new }

    init(_ distribution: Distribution, _ flags: WebhookFlags, files: NodeFiles) throws {
        self.distribution = distribution
        path = distribution.flagFile
        old = try files.content(path)
        let dropIn = DropIn(flags: flags, needsMount: distribution == .rke2)
        try APIServerFiles.checkOthers(distribution, dropIn, files: files)
        do throws(ManifestProblem) {
            switch distribution {
            case .kubeadm:
                guard let old else { throw .notExpected("there is no such file") }
                new = try APIServerManifest.adding(flags, to: old)
                let manifest = try APIServerManifest(old)
                ownAuthenticators = manifest.ownAuthenticators
                userID = manifest.userID
            case .rke2, .k3s:
                new = Array(dropIn.text.utf8)
                ownAuthenticators = []
                userID = nil
            }
        } catch {
            throw CommandFailure("\(path): \(error.sentence)", hint: error.hint)
        }
    }

    /// Checks the distribution's files with flags, except our own, in the order of reading.
    private static func checkOthers(_ distribution: Distribution, _ dropIn: DropIn, files: NodeFiles) throws {
        guard let folder = distribution.configFolder else { return }
        let dropIns = files.names(in: folder + "/config.yaml.d").filter {
            ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml")) && !$0.hasPrefix(".") && $0 != DropIn.fileName
        }
        let paths = [("config.yaml", folder + "/config.yaml")] + dropIns.map { ($0, "\(folder)/config.yaml.d/\($0)") }
        for (name, path) in paths {
            guard let bytes = (try? files.content(path)).flatMap({ $0 }) else { continue }
            do throws(ManifestProblem) {
                try dropIn.check([(name: name, bytes: bytes)])
            } catch {
                throw CommandFailure("\(path): \(error.sentence)", hint: error.hint)
            }
        }
    }

    /// The text without the additions; nil for a drop-in, which is removed as a whole.
    func without(_ flags: WebhookFlags, from current: [UInt8]) throws(ManifestProblem) -> [UInt8]? {
        guard distribution == .kubeadm else { return nil }
        return try APIServerManifest.removing(flags, from: current)
    }

    /// Whether a text makes kube-apiserver call this webhook.
    static func asks(_ bytes: [UInt8], _ distribution: Distribution, _ flags: WebhookFlags) -> Bool {
        switch distribution {
        case .kubeadm: (try? APIServerManifest(bytes).asks(flags)) ?? false
        case .rke2, .k3s: true
        }
    }
}
