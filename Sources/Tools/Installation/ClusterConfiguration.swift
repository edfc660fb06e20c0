import SafeText
import YAML

/// kubeadm's `ClusterConfiguration`, from which `kubeadm upgrade` writes kube-apiserver's manifest again: flags must be
/// here too, to survive upgrades.
///
/// Source: Kubernetes documentation, "kubeadm Configuration (v1beta3)" and "(v1beta4)".
public struct ClusterConfiguration: Sendable {
    private var editor: YAMLEditor
    /// `extraArgs` is a list of names and values since v1beta4; before, it was a mapping.
    private let listsArguments: Bool

    private static let apiServer: [YAMLStep] = [.key("apiServer")]

    private init(_ bytes: [UInt8]) throws(ManifestProblem) {
        do throws(YAMLEditError) {
            editor = try YAMLEditor(bytes)
        } catch {
            throw ManifestProblem(error)
        }
        guard editor.root["kind"]?.text == "ClusterConfiguration" else {
            throw .notExpected("this is not kubeadm's ClusterConfiguration")
        }
        switch editor.root["apiVersion"]?.text {
        case "kubeadm.k8s.io/v1beta1", "kubeadm.k8s.io/v1beta2", "kubeadm.k8s.io/v1beta3": listsArguments = false
        case "kubeadm.k8s.io/v1beta4": listsArguments = true
        default: throw .notExpected("this version of kubeadm's ClusterConfiguration is not known")
        }
    }

    /// The document with the flags and the mount; a second edit changes nothing.
    ///
    /// - Throws: ``ManifestProblem`` if the document cannot be edited safely, or names another webhook.
    public static func adding(_ flags: WebhookFlags, to bytes: [UInt8]) throws(ManifestProblem) -> [UInt8] {
        var configuration = try ClusterConfiguration(bytes)
        try configuration.refuseMergeKeys()
        if let other = configuration.webhook, other != flags.configFile { throw .otherWebhook(file: other.text) }
        let isMounted = try configuration.mounts.show(flags.folder)
        do throws(YAMLEditError) {
            try configuration.add(flags, mount: isMounted ? nil : configuration.mount(flags.folder))
        } catch {
            throw ManifestProblem(error)
        }
        return configuration.editor.bytes
    }

    /// The document without the flags and the mount.
    ///
    /// - Parameter keepsMount: whether the mount is not ours.
    /// - Throws: ``ManifestProblem`` if the document cannot be edited safely.
    public static func removing(
        _ flags: WebhookFlags, from bytes: [UInt8], keepsMount: Bool = false
    ) throws(ManifestProblem) -> [UInt8] {
        var configuration = try ClusterConfiguration(bytes)
        guard configuration.webhook == flags.configFile else { return bytes }
        try configuration.refuseMergeKeys()
        do throws(YAMLEditError) {
            try configuration.remove(flags, keepsMount: keepsMount)
        } catch {
            throw ManifestProblem(error)
        }
        return configuration.editor.bytes
    }

    /// Whether it makes kube-apiserver call this webhook. For a document that cannot be read: whether it contains the
    /// path of the webhook's kubeconfig.
    static func asks(_ bytes: [UInt8], _ flags: WebhookFlags) -> Bool {
        guard let configuration = try? ClusterConfiguration(bytes) else {
            return String(decoding: bytes, as: UTF8.self).contains(flags.configFile.text)
        }
        return configuration.webhook == flags.configFile
    }

    /// kubeadm follows merge keys, which this reader does not.
    private func refuseMergeKeys() throws(ManifestProblem) {
        if let line = editor.root.mergeKey?.line ?? editor.root["apiServer"]?.firstMergeKey?.line {
            throw .merged(line: line)
        }
    }

    private func part(_ key: String) -> YAMLNode? { editor.node(Self.apiServer + [.key(key)]) }

    private var arguments: [ExactText: ExactText] {
        let pairs: [(String, String)] =
            part("extraArgs")?.sequence?.map { ($0["name"]?.text ?? "", $0["value"]?.text ?? "") }
            ?? part("extraArgs")?.mapping?.map { ($0.key.text ?? "", $0.value.text ?? "") } ?? []
        return Dictionary(pairs.map { (ExactText($0), ExactText($1)) }) { _, last in last }
    }

    /// The kubeconfig by which kube-apiserver calls a webhook; nil for none.
    private var webhook: ExactText? { arguments[ExactText(WebhookFlags.configFileName)] }

    private var mounts: [FolderMount] {
        (part("extraVolumes")?.sequence ?? []).enumerated().compactMap { index, node in
            guard let name = APIServerManifest.name(of: node), let path = node["mountPath"]?.text else { return nil }
            return FolderMount(
                index: index, volume: name, path: APIServerManifest.normalized(path),
                hostPath: node["hostPath"]?.text.map(APIServerManifest.normalized))
        }
    }

    /// The mount of the folder. Its name must be free: of two mounts with one name, kubeadm keeps the later one only.
    ///
    /// Source: kubeadm, cmd/kubeadm/app/phases/controlplane/volumes.go.
    private func mount(_ folder: ExactText) -> YAMLValue {
        let name = WebhookFlags.freeVolumeName(
            among: Set((part("extraVolumes")?.sequence ?? []).compactMap(APIServerManifest.name)))
        return .mapping([
            .init("hostPath", .string(folder.text)), .init("mountPath", .string(folder.text)),
            .init("name", .string(name)), .init("pathType", .string("Directory")),
            .init("readOnly", .literal("true")),
        ])
    }

    /// - Parameter mount: nil if the folder is mounted already.
    private mutating func add(_ flags: WebhookFlags, mount: YAMLValue?) throws(YAMLEditError) {
        let missing = flags.pairs.filter { arguments[ExactText($0.name)] == nil }
        let added =
            listsArguments
            ? YAMLValue.sequence(missing.map(Self.item))
            : YAMLValue.mapping(missing.map { .init($0.name, .string($0.value)) })
        if Self.isEmpty(editor.node(Self.apiServer)) {
            return try editor.set(
                "apiServer",
                .mapping([.init("extraArgs", added), .init("extraVolumes", .sequence(mount.map { [$0] } ?? []))]),
                in: [],
                before: "apiVersion")
        }
        if Self.isEmpty(part("extraArgs")) {
            try editor.set("extraArgs", added, in: Self.apiServer)
        } else {
            for pair in missing {
                let place = Self.apiServer + [.key("extraArgs")]
                guard listsArguments else {
                    try editor.set(pair.name, .string(pair.value), in: place)
                    continue
                }
                try editor.insert(Self.item(pair), at: part("extraArgs")?.sequence?.count ?? 0, in: place)
            }
        }
        guard let mount else { return }
        if Self.isEmpty(part("extraVolumes")) {
            try editor.set("extraVolumes", .sequence([mount]), in: Self.apiServer)
        } else {
            let count = part("extraVolumes")?.sequence?.count ?? 0
            try editor.insert(mount, at: count, in: Self.apiServer + [.key("extraVolumes")])
        }
    }

    /// An argument in the form of v1beta4.
    private static func item(_ pair: (name: String, value: String)) -> YAMLValue {
        .mapping([.init("name", .string(pair.name)), .init("value", .string(pair.value))])
    }

    private mutating func remove(_ flags: WebhookFlags, keepsMount: Bool) throws(YAMLEditError) {
        let place = Self.apiServer + [.key("extraArgs")]
        if part("extraArgs")?.mapping != nil {
            for pair in flags.pairs where arguments[ExactText(pair.name)] == ExactText(pair.value) {
                let name = pair.name
                try take(place, key: name) { editor throws(YAMLEditError) in try editor.remove(name, in: place) }
            }
        } else {
            for index in (part("extraArgs")?.sequence ?? []).indices.reversed() {
                let item = part("extraArgs")?.sequence?[index]
                let isOurs = flags.pairs.contains { item?["name"]?.text == $0.name && item?["value"]?.text == $0.value }
                guard isOurs else { continue }
                try take(place, key: nil) { editor throws(YAMLEditError) in try editor.remove(at: index, in: place) }
            }
        }
        if !keepsMount, let mount = mounts.own(flags.folder) {
            let place = Self.apiServer + [.key("extraVolumes")]
            try take(place, key: nil) { editor throws(YAMLEditError) in try editor.remove(at: mount.index, in: place) }
        }
    }

    /// Removes one part. Empty lists and mappings are removed too, and `apiServer` becomes `{}`.
    private mutating func take(
        _ place: [YAMLStep], key: String?, _ change: (inout YAMLEditor) throws(YAMLEditError) -> Void
    ) throws(YAMLEditError) {
        let node = editor.node(place)
        guard (node?.sequence?.count ?? node?.mapping?.count) == 1, node?.layout.isFlow == false else {
            return try change(&editor)
        }
        guard case .key(let name)? = place.last else { throw .notThere }
        guard editor.node(Self.apiServer)?.mapping?.count == 1, editor.node(Self.apiServer)?.layout.isFlow == false
        else {
            return try editor.remove(name, in: Self.apiServer)
        }
        let next = editor.root.mapping?.drop { $0.key.text != "apiServer" }.dropFirst().first?.key.text
        try editor.remove("apiServer", in: [])
        try editor.set("apiServer", .mapping([]), in: [], before: next)
    }

    private static func isEmpty(_ node: YAMLNode?) -> Bool {
        guard let node else { return true }
        return node.isNull || node.sequence?.isEmpty ?? node.mapping?.isEmpty ?? false
    }
}
