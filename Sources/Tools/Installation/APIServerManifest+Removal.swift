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
        try take(at: mount.index, outOf: "volumeMounts", in: container, before, before?.container ?? [])
        let all = ["containers", "initContainers"].flatMap { editor.root["spec"]?[$0]?.sequence ?? [] }
        let isUsed = all.contains { container in
            container["volumeMounts"]?.sequence?.contains { APIServerManifest.name(of: $0) == mount.volume } ?? false
        }
        let isIt = { (volume: YAMLNode) in APIServerManifest.name(of: volume) == mount.volume }
        guard !isUsed, !(before?.volumes.contains(where: isIt) ?? false), let index = volumes.firstIndex(where: isIt)
        else { return }
        try take(at: index, outOf: "volumes", in: [.key("spec")], before, [.key("spec")])
    }

    /// Removes an item from a list. In block style, the list is removed with its last item; a list that begins on the
    /// line of a dash becomes empty. An empty value of before comes back as it was.
    ///
    /// - Parameters:
    ///   - before: the manifest of before; nil if it is not known. Only if it had no such list, one in brackets is
    ///     removed too.
    ///   - oldPath: the place of the list's mapping there.
    private mutating func take(
        at index: Int, outOf key: String, in path: [YAMLStep], _ before: APIServerManifest?, _ oldPath: [YAMLStep]
    ) throws(ManifestProblem) {
        let place = path + [.key(key)]
        let list = editor.node(place)
        let isLast = list?.sequence?.count == 1
        if isLast, let before, before.editor.node(oldPath + [.key(key)]) != nil {
            do throws(YAMLEditError) {
                return try editor.restore(key, in: path, from: before.editor, at: oldPath)
            } catch {
                // It had a value, or cannot be written back in this place.
            }
        }
        let isNew = before.map { $0.editor.node(oldPath + [.key(key)]) == nil } ?? false
        let goesWhole = isLast && (isNew || list?.layout.isFlow == false)
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
