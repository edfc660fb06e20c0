import Files
import SafeText
import Terminal

/// The file with kube-apiserver's flags: as it is, and as it will be.
struct APIServerFiles {
    let distribution: Distribution
    let path: String
    /// What the path is a link to, or the path itself.
    let target: String
    /// Nil if a drop-in does not exist yet.
    let old: [UInt8]?
    let new: [UInt8]
    /// Flags with which kube-apiserver validates tokens itself.
    let ownAuthenticators: [String]
    /// The user of kube-apiserver's container; nil is root.
    let userID: UInt32?

    var isChange: Bool { old != new }
    /// Whether the path is a link to the file with the flags.
    var isLink: Bool { ExactText(target) != ExactText(path) }

    /// - Parameter journal: what an earlier run wrote.
    init(_ distribution: Distribution, _ flags: WebhookFlags, files: NodeFiles, journal: InstallationJournal?) throws {
        self.distribution = distribution
        path = distribution.flagFile
        target = try APIServerFiles.target(distribution, files: files)
        old = try files.content(path)
        let dropIn = DropIn(flags: flags, needsMount: distribution == .rke2)
        let others = try APIServerFiles.others(distribution, dropIn, files: files)
        do {
            switch distribution {
            case .kubeadm:
                guard let old else { throw ManifestProblem.notExpected("there is no such file") }
                new = try APIServerManifest.adding(flags, to: old)
                let manifest = try APIServerManifest(old)
                ownAuthenticators = manifest.ownAuthenticators
                userID = manifest.userID
            case .rke2, .k3s:
                new = Array(try dropIn.among(others).text.utf8)
                if let old, !APIServerFiles.isOurs(old, distribution, flags, journal) {
                    throw CommandFailure(
                        "\(path) is there already, and is not what `enable` writes",
                        hint: "move your own settings to another file in that folder, then remove this one")
                }
                ownAuthenticators = FlagList(DropIn.arguments(others), bare: true).ownAuthenticators
                userID = nil
            }
        } catch let error as ManifestProblem {
            throw CommandFailure("\(path): \(error.sentence)", hint: error.hint)
        }
    }

    /// Where the file with the flags really is. A link stays a link, for people who keep the file elsewhere.
    ///
    /// - Throws: `CommandFailure` if the kubelet runs the file that a link leads to as well.
    static func target(_ distribution: Distribution, files: NodeFiles) throws -> String {
        let path = distribution.flagFile
        let target = try files.target(of: path)
        let isRun =
            files.isSameFolder(NodePath.folder(of: target), distribution.podFolder)
            && target.split(separator: "/").last?.hasPrefix(".") == false
        guard distribution == .kubeadm, ExactText(target) != ExactText(path), isRun else { return target }
        throw CommandFailure(
            "\(path) is a link to \(target) in the same folder: the kubelet runs both files",
            hint: "keep the file in another folder, and let the link lead there")
    }

    /// Whether a text is what `enable` writes or has written.
    static func isOurs(
        _ bytes: [UInt8], _ distribution: Distribution, _ flags: WebhookFlags, _ journal: InstallationJournal?
    ) -> Bool {
        let isText = [true, false].contains { needsMount in
            bytes == Array(DropIn(flags: flags, needsMount: needsMount).text.utf8)
                && (!needsMount || distribution == .rke2)
        }
        if isText { return true }
        let made = journal?.made(at: distribution.flagFile)?.sha256
        return [made, journal?.changedSHA256].contains(NodeFiles.digest(bytes))
    }

    /// The distribution's files with flags, except our own, in the order of reading.
    ///
    /// - Throws: `CommandFailure` if one of them is damaged, or would disable the drop-in.
    private static func others(
        _ distribution: Distribution, _ dropIn: DropIn, files: NodeFiles
    ) throws -> [DropIn.File] {
        let found = DropIn.files(distribution, files: files)
        for (path, file) in found {
            do throws(ManifestProblem) {
                try dropIn.check([file])
            } catch {
                throw CommandFailure("\(path): \(error.sentence)", hint: error.hint)
            }
        }
        return found.map(\.file)
    }

    /// Whether a text makes kube-apiserver call this webhook.
    static func asks(_ bytes: [UInt8], _ distribution: Distribution, _ flags: WebhookFlags) -> Bool {
        switch distribution {
        case .kubeadm: (try? APIServerManifest(bytes).asks(flags)) ?? false
        case .rke2, .k3s: DropIn.asks(bytes, flags)
        }
    }
}
