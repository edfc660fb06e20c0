import SafeText
import YAML

/// The drop-in with the flags for RKE2's and k3s' kube-apiserver. It is a separate file, so the user's files stay
/// unchanged.
///
/// Source: RKE2 documentation, "Server Configuration Reference": a `+` after a key adds to a list instead of replacing
/// it.
public struct DropIn: Sendable {
    /// Sorted after most other files, so that it is read last unless another file is meant to be later.
    public static let fileName = "99-kube-entra.yaml"

    /// The flags to add.
    public var flags: WebhookFlags
    /// Whether kube-apiserver needs a mount: RKE2 runs it as a static pod, k3s does not.
    public var needsMount: Bool

    /// A drop-in for one distribution.
    public init(flags: WebhookFlags, needsMount: Bool) {
        self.flags = flags
        self.needsMount = needsMount
    }

    /// The file's content, in YAML.
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

    /// Name and content of a file of the distribution's configuration.
    public typealias File = (name: String, bytes: [UInt8])

    /// kube-apiserver's arguments from the distribution's files: a key with `+` adds to the list of the earlier files,
    /// a key without it replaces that list.
    ///
    /// - Parameter files: `config.yaml` and drop-ins, in the order of reading. A damaged one is left out.
    public static func arguments(_ files: [File]) -> [String] {
        merged("kube-apiserver-arg", files)
    }

    static func merged(_ key: String, _ files: [File]) -> [String] {
        var words: [String] = []
        for file in files {
            guard let root = try? YAMLNode.parse(file.bytes) else { continue }
            if let own = strings(root[key]) { words = own }
            words += strings(root[key + "+"]) ?? []
        }
        return words
    }

    /// The strings of a list; a single string counts as a list of one. Nil if there is no value.
    private static func strings(_ node: YAMLNode?) -> [String]? {
        guard let node, !node.isNull else { return nil }
        return node.sequence?.compactMap(\.text) ?? node.text.map { [$0] } ?? []
    }

    /// RKE2's mounts for kube-apiserver: a path in its container, and the node's path.
    ///
    /// - Parameter files: as for ``arguments(_:)``.
    static func mounts(_ files: [File]) -> [(path: String, host: String)] {
        merged("kube-apiserver-extra-mount", files).compactMap { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count >= 2, parts[1].hasPrefix("/") else { return nil }
            return (path: APIServerManifest.normalized(String(parts[1])).text, host: String(parts[0]))
        }
    }

    /// The drop-in among the distribution's other files: without the mount if one of them mounts the folder already. A
    /// pod with two mounts at one path does not start.
    ///
    /// - Parameter files: as for ``arguments(_:)``.
    /// - Throws: ``ManifestProblem/folderTaken(_:)`` if something else is mounted there.
    public func among(_ files: [File]) throws(ManifestProblem) -> DropIn {
        var dropIn = self
        for mount in DropIn.mounts(files) where needsMount && ExactText(mount.path) == flags.folder {
            guard APIServerManifest.normalized(mount.host) == flags.folder else {
                throw .folderTaken(flags.folder.text)
            }
            dropIn.needsMount = false
        }
        return dropIn
    }

    /// Checks that the distribution's other files do not disable the drop-in.
    ///
    /// - Parameter files: `config.yaml` and all drop-ins except this one, in the order of reading.
    /// - Throws: ``ManifestProblem`` if one of them would.
    public func check(_ files: [File]) throws(ManifestProblem) {
        for file in files {
            let root: YAMLNode
            do throws(YAMLError) {
                root = try YAMLNode.parse(file.bytes)
            } catch {
                // A file with only comments is empty, which is fine.
                if error.message == "the file is empty" { continue }
                throw .unreadable(error)
            }
            for key in ["kube-apiserver-arg", "kube-apiserver-arg+"] {
                guard let words = DropIn.strings(root[key]) else { continue }
                let list = FlagList(words, bare: true)
                if let other = list.value(WebhookFlags.configFileName), other != flags.configFile {
                    throw .otherWebhook(file: other.text)
                }
            }
            // If it is read after this drop-in, such a key would remove its flags.
            let isLater = file.name.utf8.lexicographicallyPrecedes(DropIn.fileName.utf8) == false
            let keys = ["kube-apiserver-arg"] + (needsMount ? ["kube-apiserver-extra-mount"] : [])
            for key in keys where isLater && file.name != "config.yaml" && root[key] != nil {
                throw .replacedLater(file: file.name, key: key)
            }
        }
    }

    /// Whether a drop-in makes kube-apiserver call this webhook.
    static func asks(_ bytes: [UInt8], _ flags: WebhookFlags) -> Bool {
        guard let root = try? YAMLNode.parse(bytes) else { return false }
        return ["kube-apiserver-arg", "kube-apiserver-arg+"].contains { key in
            FlagList(strings(root[key]) ?? [], bare: true).value(WebhookFlags.configFileName) == flags.configFile
        }
    }
}
