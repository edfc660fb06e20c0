import Files
import Glibc
import SafeText
import Terminal
import YAML

/// Files beside kube-apiserver's manifest that run a kube-apiserver too, such as a copy from before a change.
///
/// Both describe the same pod, and the kubelet runs one of them. It may be the one without the flags, and after the
/// kubelet's next restart it may be the other one.
enum OtherManifests {
    /// The largest file that the kubelet reads.
    private static let limits = YAMLLimits(bytes: 10 << 20)

    /// The paths of these files, as the node sees them.
    ///
    /// Source: kubelet, pkg/kubelet/config/file_linux.go: every regular file, also behind a link, whose name does not
    /// start with a dot, whatever its ending; folders are not searched. A file that it cannot read runs nothing.
    static func paths(_ distribution: Distribution, files: NodeFiles) -> [String] {
        guard let own = distribution.apiServerManifest else { return [] }
        let folder = distribution.podFolder
        return files.names(in: folder).map { "\(folder)/\($0)" }.filter { path in
            ExactText(path) != ExactText(own) && !path.hasPrefix("\(folder)/.")
                && runs("kube-apiserver", files.root + path)
        }
    }

    /// The paths of files that run a webhook which `enable` did not start, such as one of an upgrade.
    static func webhookPods(
        _ distribution: Distribution, files: NodeFiles, journal: InstallationJournal?
    ) -> [String] {
        let folder = distribution.podFolder
        return files.names(in: folder).map { "\(folder)/\($0)" }.filter { path in
            journal?.made(at: path) == nil && !path.hasPrefix("\(folder)/.")
                && runs("kube-entra", files.root + path)
        }
    }

    /// What `disable` says about them; nil without one.
    static func sentence(webhookPods paths: [String]) -> String? {
        guard !paths.isEmpty else { return nil }
        let names = paths.map { PrintableText.clean($0, maximum: 300) }.joined(separator: ", ")
        let one = paths.count == 1
        return "\(names) \(one ? "runs" : "run") the webhook too, and `disable` leaves \(one ? "it" : "them") alone"
    }

    private static func runs(_ name: String, _ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let bytes = try? FileIO.read(path, maximumBytes: limits.bytes)
        else { return false }
        return runs(name, bytes)
    }

    static func runsAPIServer(_ bytes: [UInt8]) -> Bool { runs("kube-apiserver", bytes) }

    /// Whether the first document is a pod of that name, or one with a container of that name.
    private static func runs(_ name: String, _ bytes: [UInt8]) -> Bool {
        guard let events = try? YAMLEventReader(bytes) else { return false }
        var reader = NodeReader(events, limits: limits, keepsRepeatedKeys: true)
        guard let start = (try? reader.nextDocument()).flatMap({ $0 }), let root = try? reader.node(start),
            root["kind"]?.text == "Pod"
        else { return false }
        return root["metadata"]?["name"]?.text == name
            || root["spec"]?["containers"]?.sequence?.contains { $0["name"]?.text == name } ?? false
    }

    /// What is wrong, for people; nil without such a file.
    static func sentence(_ paths: [String]) -> String? {
        guard !paths.isEmpty else { return nil }
        let names = paths.map { PrintableText.clean($0, maximum: 300) }.joined(separator: ", ")
        return "\(names) \(paths.count == 1 ? "holds" : "hold") a kube-apiserver too: the kubelet runs every file in"
            + " that folder whose name does not begin with a dot, so the one with the old flags may run"
    }

    /// What to do about it.
    static let advice = "move it to another folder"

    /// Fails if there is such a file.
    static func check(_ distribution: Distribution, files: NodeFiles) throws {
        guard let sentence = sentence(paths(distribution, files: files)) else { return }
        throw CommandFailure(sentence, hint: "\(advice), then run enable again")
    }
}
