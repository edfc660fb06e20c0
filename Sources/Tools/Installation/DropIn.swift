internal import YAML

/// The drop-in that gives RKE2's and k3s' kube-apiserver the flags. It is a file of its own, so the user's files stay.
///
/// Source: RKE2 documentation, "Server Configuration Reference"; a `+` after a key adds to a list in place of
/// replacing it.
public struct DropIn: Sendable {
    /// Last in the alphabet of files that are read, but for those that want to be later on purpose.
    public static let fileName = "99-kube-entra.yaml"

    public var flags: WebhookFlags
    /// RKE2 runs kube-apiserver as a static pod, which sees a folder only through a mount; k3s does not.
    public var needsMount: Bool

    public init(flags: WebhookFlags, needsMount: Bool) {
        self.flags = flags
        self.needsMount = needsMount
    }

    public var text: String {
        """
        # Written by `kube-entra enable`. `kube-entra disable` removes it.
        kube-apiserver-arg+:
        \(flags.pairs.map { "  - \($0.name)=\($0.value)" }.joined(separator: "\n"))

        """
            + (needsMount
                ? """
                kube-apiserver-extra-mount+:
                  - \(flags.folder):\(flags.folder):ro

                """ : "")
    }

    /// Whether the distribution's other files let the drop-in have its effect.
    ///
    /// - Parameter files: `config.yaml` and all drop-ins but this one, in the order in which they are read.
    public func check(_ files: [(name: String, bytes: [UInt8])]) throws(ManifestProblem) {
        for file in files {
            let root: YAMLNode
            do throws(YAMLError) {
                root = try YAMLNode.parse(file.bytes)
            } catch {
                // A file of comments only is empty, and fine.
                if error.message == "the file is empty" { continue }
                throw .unreadable(error)
            }
            for key in ["kube-apiserver-arg", "kube-apiserver-arg+"] {
                guard let node = root[key] else { continue }
                let list = FlagList(node.sequence?.compactMap(\.text) ?? node.text.map { [$0] } ?? [], bare: true)
                if let other = list.value(WebhookFlags.configFileName), other != flags.configFile {
                    throw .otherWebhook(file: other)
                }
            }
            // Read after this drop-in, such a key would take its flags away again.
            let isLater = file.name.utf8.lexicographicallyPrecedes(DropIn.fileName.utf8) == false
            if isLater, file.name != "config.yaml", root["kube-apiserver-arg"] != nil {
                throw .notExpected(
                    "\(file.name) is read after \(DropIn.fileName) and replaces kube-apiserver-arg; "
                        + "write the key as kube-apiserver-arg+ there")
            }
        }
    }
}
