public import SafeText

/// kube-apiserver's flags: the file with which it calls the webhook, and the folder of that file.
public struct WebhookFlags: Hashable, Sendable {
    /// The file of `--authentication-token-webhook-config-file`.
    public var configFile: ExactText
    /// The folder that a static pod must mount.
    public var folder: ExactText
    /// The value of `--authentication-token-webhook-version`.
    public var version = "v1"

    static let configFileName = "authentication-token-webhook-config-file"
    static let versionName = "authentication-token-webhook-version"
    /// The name of the volume in a static pod and in kubeadm's configuration.
    static let volumeName = "kube-entra"

    /// The volume's name, with a number if another volume has that name.
    static func freeVolumeName(among names: Set<ExactText>) -> String {
        var name = volumeName
        var number = 2
        while names.contains(ExactText(name)) {
            name = "\(volumeName)-\(number)"
            number += 1
        }
        return name
    }

    /// Whether ``freeVolumeName(among:)`` could have made this name.
    static func isVolumeName(_ name: ExactText) -> Bool {
        let rest = name.text.utf8.dropFirst(volumeName.utf8.count)
        guard name.text.utf8.starts(with: volumeName.utf8) else { return false }
        return rest.isEmpty || (rest.first == UInt8(ascii: "-") && Int(Substring(rest.dropFirst())) ?? 0 >= 2)
    }

    /// The flags with the paths that `enable` uses.
    public init(configFile: ExactText = "/etc/kube-entra/webhook.yaml", folder: ExactText = "/etc/kube-entra") {
        self.configFile = configFile
        self.folder = folder
    }

    /// The flags sorted by name, as kubeadm writes them.
    var pairs: [(name: String, value: String)] {
        [(WebhookFlags.configFileName, configFile.text), (WebhookFlags.versionName, version)]
    }
}

/// kube-apiserver's flags from a command line or a distribution's configuration.
struct FlagList {
    struct Flag: Hashable {
        /// The name with dashes; kube-apiserver accepts underscores too.
        var name: ExactText
        /// Empty if there is none.
        var value: ExactText
        /// The positions of its words in the list.
        var words: Range<Int>
    }

    var flags: [Flag] = []

    /// Reads `--name=value` and `--name value`.
    ///
    /// - Parameter bare: whether names have no dashes before them, as in RKE2 and k3s.
    init(_ words: [String], bare: Bool = false) {
        var index = 0
        while index < words.count {
            let start = index
            index += 1
            guard bare || words[start].hasPrefix("--") else { continue }
            let text = words[start].hasPrefix("--") ? words[start].dropFirst(2) : Substring(words[start])
            let name = text.prefix { $0 != "=" }
            var value = String(text.dropFirst(name.count + 1))
            if !bare, name.count == text.count, index < words.count, !words[index].hasPrefix("-") {
                value = words[index]
                index += 1
            }
            flags.append(
                Flag(
                    name: ExactText(String(name.map { $0 == "_" ? "-" : $0 })), value: ExactText(value),
                    words: start..<index))
        }
    }

    subscript(_ name: String) -> [Flag] { flags.filter { $0.name == ExactText(name) } }

    func value(_ name: String) -> ExactText? { self[name].last?.value }

    /// Flags with which kube-apiserver validates Entra's tokens itself, before it calls a webhook.
    var ownAuthenticators: [String] {
        ["authentication-config", "oidc-issuer-url"].filter { !self[$0].isEmpty }.map { "--" + $0 }
    }
}
