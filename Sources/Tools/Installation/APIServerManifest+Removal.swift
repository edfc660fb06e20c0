import SafeText
import YAML

extension APIServerManifest {
    /// The manifest without the flags and the mount; what others have added since stays.
    ///
    /// A manifest without them is returned unchanged. The version's flag is removed only together with the other one:
    /// alone, beside another webhook, or with another value, it is not ours.
    ///
    /// - Throws: ``ManifestProblem`` if the file cannot be edited safely.
    public static func removing(_ flags: WebhookFlags, from bytes: [UInt8]) throws(ManifestProblem) -> [UInt8] {
        guard try APIServerManifest(bytes).asks(flags) else { return bytes }
        var manifest = try toChange(bytes)
        for pair in flags.pairs { try manifest.removeFlag(pair.name, pair.value) }
        try manifest.removeMount(flags.folder)
        return manifest.bytes
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

    private mutating func removeMount(_ folder: ExactText) throws(ManifestProblem) {
        let folder = APIServerManifest.normalized(folder.text)
        guard let mount = mounts.own(folder), !mount.isPart else { return }
        try take(at: mount.index, outOf: "volumeMounts", in: container)
        let all = ["containers", "initContainers"].flatMap { editor.root["spec"]?[$0]?.sequence ?? [] }
        let isUsed = all.contains { container in
            container["volumeMounts"]?.sequence?.contains { APIServerManifest.name(of: $0) == mount.volume } ?? false
        }
        guard !isUsed, let index = volumes.firstIndex(where: { APIServerManifest.name(of: $0) == mount.volume })
        else {
            return
        }
        try take(at: index, outOf: "volumes", in: [.key("spec")])
    }

    /// Removes an item from a list. In block style, the list is removed with its last item; a list that begins on the
    /// line of a dash becomes empty.
    private mutating func take(at index: Int, outOf key: String, in path: [YAMLStep]) throws(ManifestProblem) {
        let place = path + [.key(key)]
        let list = editor.node(place)
        let goesWhole = list?.sequence?.count == 1 && list?.layout.isFlow == false
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
