import SafeText
import YAML

extension APIServerManifest {
    /// The manifest without the flags and the mount; what others have added since stays.
    ///
    /// A manifest without them is returned unchanged. The version's flag is removed only together with the other one:
    /// alone, beside another webhook, or with another value, it is not ours.
    ///
    /// - Parameter before: the manifest as it was without the flags; what it has stays, whatever its name. Nil if that
    ///   is not known.
    /// - Throws: ``ManifestProblem`` if the file cannot be edited safely.
    public static func removing(
        _ flags: WebhookFlags, from bytes: [UInt8], before: [UInt8]? = nil
    ) throws(ManifestProblem) -> [UInt8] {
        guard try APIServerManifest(bytes).asks(flags) else { return bytes }
        let before = before.flatMap { try? APIServerManifest($0) }
        var manifest = try toChange(bytes)
        for pair in flags.pairs where before?.flagList.value(pair.name) != ExactText(pair.value) {
            try manifest.removeFlag(pair.name, pair.value)
        }
        try manifest.removeMount(flags.folder, before: before)
        return manifest.bytes
    }

    /// Whether something of the host is mounted at the webhook's folder.
    func mounts(_ folder: ExactText) -> Bool {
        let folder = APIServerManifest.normalized(folder.text)
        return mounts.contains { $0.path == folder }
    }

    /// Whether kube-apiserver's flags name this webhook.
    public func asks(_ flags: WebhookFlags) -> Bool {
        flagValues[ExactText(WebhookFlags.configFileName)].map { ExactText($0) } == flags.configFile
    }

    private mutating func removeFlag(_ name: String, _ value: String) throws(ManifestProblem) {
        for key in ["args", "command"] {
            let place = container + [.key(key)]
            let words = editor.node(place)?.sequence?.compactMap(\.text) ?? []
            for flag in FlagList(words)[name].reversed() where flag.value == ExactText(value) {
                for index in flag.words.reversed() {
                    try edit { editor throws(YAMLEditError) in try editor.remove(at: index, in: place) }
                }
            }
        }
    }

    private mutating func removeMount(
        _ folder: ExactText, before: APIServerManifest?
    ) throws(ManifestProblem) {
        let folder = APIServerManifest.normalized(folder.text)
        guard !(before?.mounts(folder) ?? false) else { return }
        // Without a manifest of before, only the name tells whose it is.
        let added = before.flatMap { _ in mounts.first { $0.path == folder && $0.hostPath == folder } }
        guard let mount = added ?? mounts.own(folder), !mount.isPart else { return }
        let oldMounts = before.flatMap { $0.editor.node($0.container + [.key("volumeMounts")]) }
        try take(at: mount.index, outOf: "volumeMounts", in: container, isNew: before != nil && oldMounts == nil)
        let all = ["containers", "initContainers"].flatMap { editor.root["spec"]?[$0]?.sequence ?? [] }
        let isUsed = all.contains { container in
            container["volumeMounts"]?.sequence?.contains { APIServerManifest.name(of: $0) == mount.volume } ?? false
        }
        let isIt = { (volume: YAMLNode) in APIServerManifest.name(of: volume) == mount.volume }
        guard !isUsed, !(before?.volumes.contains(where: isIt) ?? false), let index = volumes.firstIndex(where: isIt)
        else { return }
        let oldVolumes = before?.editor.node([.key("spec"), .key("volumes")])
        try take(at: index, outOf: "volumes", in: [.key("spec")], isNew: before != nil && oldVolumes == nil)
    }

    /// Removes an item from a list. In block style, the list is removed with its last item; a list that begins on the
    /// line of a dash becomes empty.
    ///
    /// - Parameter isNew: whether there was no such list before. Only then it is removed in brackets too.
    private mutating func take(
        at index: Int, outOf key: String, in path: [YAMLStep], isNew: Bool
    ) throws(ManifestProblem) {
        let place = path + [.key(key)]
        let list = editor.node(place)
        let goesWhole = list?.sequence?.count == 1 && (isNew || list?.layout.isFlow == false)
        try edit { editor throws(YAMLEditError) in
            guard goesWhole else { return try editor.remove(at: index, in: place) }
            do throws(YAMLEditError) {
                try editor.remove(key, in: path)
            } catch .unusualLayout {
                try editor.empty(key, in: path)
            }
        }
    }
}
