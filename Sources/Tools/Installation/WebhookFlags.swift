/// What kube-apiserver is told: the file that it calls the webhook with, and the folder that the file lies in.
public struct WebhookFlags: Hashable, Sendable {
    /// The file of `--authentication-token-webhook-config-file`.
    public var configFile: String
    /// The folder that a static pod needs a mount of.
    public var folder: String
    public var version = "v1"

    static let configFileName = "authentication-token-webhook-config-file"
    static let versionName = "authentication-token-webhook-version"
    /// The name of the volume in a static pod and in kubeadm's configuration.
    static let volumeName = "kube-entra"

    public init(configFile: String = "/etc/kube-entra/webhook.yaml", folder: String = "/etc/kube-entra") {
        self.configFile = configFile
        self.folder = folder
    }

    /// The flags in the order of their names, as kubeadm writes them.
    var pairs: [(name: String, value: String)] {
        [(WebhookFlags.configFileName, configFile), (WebhookFlags.versionName, version)]
    }
}

/// The flags of a kube-apiserver, as its command line or a distribution's configuration lists them.
struct FlagList {
    struct Flag: Hashable {
        /// The name with dashes; kube-apiserver takes underscores as well.
        var name: String
        /// Empty where none is given.
        var value: String
        /// Which words of the list it takes up.
        var words: Range<Int>
    }

    var flags: [Flag] = []

    /// Reads `--name=value` and `--name value`.
    ///
    /// - Parameter bare: names stand without their two dashes, as RKE2 and k3s list them.
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
                Flag(name: String(name.map { $0 == "_" ? "-" : $0 }), value: value, words: start..<index))
        }
    }

    subscript(_ name: String) -> [Flag] { flags.filter { $0.name == name } }

    func value(_ name: String) -> String? { self[name].last?.value }

    /// What makes kube-apiserver judge Entra's tokens by itself, before it asks any webhook.
    var ownAuthenticators: [String] {
        ["authentication-config", "oidc-issuer-url"].filter { !self[$0].isEmpty }.map { "--" + $0 }
    }
}
