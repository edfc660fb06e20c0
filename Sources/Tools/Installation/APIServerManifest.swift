public import SafeText
import YAML

/// The static-pod manifest of kube-apiserver, and the edit that makes it call the webhook: a function from the old text
/// to the new one.
///
/// Comments, order, quoting and line endings of everything else stay. Every edit is verified by parsing the new text
/// (``YAMLEditor``).
public struct APIServerManifest: Sendable {
    var editor: YAMLEditor
    let container: [YAMLStep]

    /// Reads a manifest.
    ///
    /// - Throws: ``ManifestProblem`` unless it is a pod with a container `kube-apiserver` that has flags.
    public init(_ bytes: [UInt8]) throws(ManifestProblem) {
        try self.init(APIServerManifest.editor(bytes))
    }

    private init(_ editor: YAMLEditor) throws(ManifestProblem) {
        self.editor = editor
        guard editor.root["kind"]?.text == "Pod" else { throw .notExpected("this is not a Pod") }
        let containers = editor.root["spec"]?["containers"]?.sequence ?? []
        guard let index = containers.firstIndex(where: { $0["name"]?.text == "kube-apiserver" }) else {
            throw .notExpected("the pod has no container named kube-apiserver")
        }
        container = [.key("spec"), .key("containers"), .index(index)]
        _ = try flagPlace()
    }

    private static func editor(_ bytes: [UInt8]) throws(ManifestProblem) -> YAMLEditor {
        do throws(YAMLEditError) {
            return try YAMLEditor(bytes)
        } catch {
            throw ManifestProblem(error)
        }
    }

    /// Reads a manifest that is about to be changed. The kubelet follows merge keys, which this reader does not.
    ///
    /// - Throws: ``ManifestProblem`` as `init`, and if the pod has merge keys.
    static func toChange(_ bytes: [UInt8]) throws(ManifestProblem) -> APIServerManifest {
        let editor = try editor(bytes)
        if let line = editor.root.mergeKey?.line ?? editor.root["spec"]?.firstMergeKey?.line {
            throw .merged(line: line)
        }
        return try APIServerManifest(editor)
    }

    /// The current text.
    public var bytes: [UInt8] { editor.bytes }

    /// The manifest with the flags and the mount. Existing ones stay, so that a second edit changes nothing.
    ///
    /// - Throws: ``ManifestProblem`` if the file cannot be edited safely.
    public static func adding(_ flags: WebhookFlags, to bytes: [UInt8]) throws(ManifestProblem) -> [UInt8] {
        var manifest = try toChange(bytes)
        try manifest.refuseOtherWebhook(flags)
        for pair in flags.pairs { try manifest.add(pair.name, pair.value) }
        try manifest.addMount(flags.folder)
        return manifest.bytes
    }

    // Flags

    /// `command` or `args`, whichever contains the flags.
    func flagPlace() throws(ManifestProblem) -> [YAMLStep] {
        let command = try words("command")
        let arguments = try words("args")
        let isOwn = command.first.map { $0.split(separator: "/").last == "kube-apiserver" } ?? true
        guard isOwn else { throw .otherProgram }
        if command.contains(where: { $0.hasPrefix("--") }) { return container + [.key("command")] }
        if !arguments.isEmpty { return container + [.key("args")] }
        guard !command.isEmpty else { throw .notExpected("the container kube-apiserver has no flags") }
        return container + [.key("command")]
    }

    private func words(_ key: String) throws(ManifestProblem) -> [String] {
        guard let node = editor.node(container + [.key(key)]), !node.isNull else { return [] }
        guard let elements = node.sequence else { throw .notExpected("\(key) of kube-apiserver is not a list") }
        var words: [String] = []
        for element in elements {
            guard let text = element.text else {
                throw .notExpected("\(key) of kube-apiserver has an item that is no string")
            }
            words.append(text)
        }
        return words
    }

    /// All flags in `command` and `args`, by name with dashes.
    public var flagValues: [ExactText: String] {
        Dictionary(flagList.flags.map { ($0.name, $0.value.text) }) { _, last in last }
    }

    /// The same, in the order of the words.
    var flagList: FlagList { FlagList(["command", "args"].flatMap { (try? self.words($0)) ?? [] }) }

    /// Flags with which kube-apiserver validates tokens itself, before it calls a webhook.
    public var ownAuthenticators: [String] {
        FlagList(["command", "args"].flatMap { (try? self.words($0)) ?? [] }).ownAuthenticators
    }

    /// The user of the container, if the pod sets one; nil means root, as with kubeadm.
    public var userID: UInt32? {
        let places = [container, [.key("spec")]]
        return places.lazy.compactMap { editor.node($0)?["securityContext"]?["runAsUser"]?.integer }.first
            .flatMap { UInt32(exactly: $0) }
    }

    private func refuseOtherWebhook(_ flags: WebhookFlags) throws(ManifestProblem) {
        let list = FlagList(try words("command") + words("args"))
        for pair in flags.pairs where list[pair.name].count > 1 { throw .repeated(flag: pair.name) }
        if let other = list.value(WebhookFlags.configFileName), other != flags.configFile {
            throw .otherWebhook(file: other.text)
        }
    }

    private mutating func add(_ name: String, _ value: String) throws(ManifestProblem) {
        let place = try flagPlace()
        let all = try words("command") + words("args")
        guard FlagList(all)[name].isEmpty else { return }
        let list = editor.node(place)?.sequence?.compactMap(\.text) ?? []
        let flag = "--\(name)=\(value)"
        // kubeadm sorts the flags. If they are not sorted, the position means nothing.
        let index =
            list.firstIndex { $0.hasPrefix("--") && String($0.prefix { $0 != "=" }) > "--" + name } ?? list.count
        try edit { editor throws(YAMLEditError) in try editor.insert(.string(flag), at: index, in: place) }
    }

    mutating func edit(_ change: (inout YAMLEditor) throws(YAMLEditError) -> Void) throws(ManifestProblem) {
        do throws(YAMLEditError) {
            try change(&editor)
        } catch {
            throw ManifestProblem(error)
        }
    }

    // The mount

    var mounts: [FolderMount] {
        (editor.node(container)?["volumeMounts"]?.sequence ?? []).enumerated().compactMap { index, node in
            guard let volume = APIServerManifest.name(of: node), let path = node["mountPath"]?.text else { return nil }
            return FolderMount(
                index: index, volume: volume, path: APIServerManifest.normalized(path),
                hostPath: hostPath(of: volume), isPart: node["subPath"] != nil || node["subPathExpr"] != nil)
        }
    }

    /// Where a path of the container lies on the node; nil if it is not in a folder of the node.
    func nodePath(of path: String) -> String? {
        let path = APIServerManifest.normalized(path)
        let around = mounts.filter { path == $0.path || path.text.utf8.starts(with: "\($0.path.text)/".utf8) }
            .max { $0.path.text.utf8.count < $1.path.text.utf8.count }
        guard let around, let host = around.hostPath, !around.isPart else { return nil }
        return host.text + String(decoding: path.text.utf8.dropFirst(around.path.text.utf8.count), as: UTF8.self)
    }

    var volumes: [YAMLNode] { editor.root["spec"]?["volumes"]?.sequence ?? [] }

    private func hostPath(of volume: ExactText) -> ExactText? {
        volumes.first { APIServerManifest.name(of: $0) == volume }?["hostPath"]?["path"]?.text.map(
            APIServerManifest.normalized)
    }

    static func normalized(_ path: String) -> ExactText {
        ExactText("/" + path.split(separator: "/", omittingEmptySubsequences: true).joined(separator: "/"))
    }

    /// The name of a volume or a mount.
    static func name(of node: YAMLNode) -> ExactText? { node["name"]?.text.map { ExactText($0) } }

    private mutating func addMount(_ folder: ExactText) throws(ManifestProblem) {
        let folder = APIServerManifest.normalized(folder.text)
        guard try !mounts.show(folder) else { return }
        let known = volumes.first { volume in
            let source = volume["hostPath"]
            let isFolder = ["", "Directory", "DirectoryOrCreate"].contains(source?["type"]?.text ?? "")
            return isFolder && source?["path"]?.text.map(APIServerManifest.normalized) == folder
        }
        let names = Set(volumes.compactMap(APIServerManifest.name))
        let name = known?["name"]?.text ?? WebhookFlags.freeVolumeName(among: names)
        let mount = YAMLValue.mapping([
            .init("mountPath", .string(folder.text)), .init("name", .string(name)), .init("readOnly", .literal("true")),
        ])
        try append(mount, named: name, to: "volumeMounts", in: container)
        guard known == nil else { return }
        let volume = YAMLValue.mapping([
            .init("hostPath", .mapping([.init("path", .string(folder.text)), .init("type", .string("Directory"))])),
            .init("name", .string(name)),
        ])
        try append(volume, named: name, to: "volumes", in: [.key("spec")])
    }

    /// Adds to a list, in order of name if the list is sorted, as kubeadm's are. Creates a missing list.
    private mutating func append(
        _ item: YAMLValue, named name: String, to key: String, in path: [YAMLStep]
    ) throws(ManifestProblem) {
        let place = path + [.key(key)]
        guard let elements = editor.node(place)?.sequence, !elements.isEmpty else {
            guard editor.node(place).map({ $0.isNull || $0.sequence != nil }) ?? true else {
                throw .notExpected("\(key) is not a list")
            }
            // An empty list in brackets stays one, with the spaces in it, so that the way back leads to it.
            if editor.node(place)?.sequence != nil {
                return try edit { editor throws(YAMLEditError) in try editor.insert(item, at: 0, in: place) }
            }
            return try edit { editor throws(YAMLEditError) in try editor.set(key, .sequence([item]), in: path) }
        }
        let names = elements.map { $0["name"]?.text ?? "" }
        let isSorted = zip(names, names.dropFirst()).allSatisfy { $0 <= $1 }
        let index = isSorted ? names.firstIndex { $0 > name } ?? names.count : names.count
        try edit { editor throws(YAMLEditError) in try editor.insert(item, at: index, in: place) }
    }
}
