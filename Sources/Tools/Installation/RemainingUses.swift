import Addresses
import Configuration
import Kubeconfigs
import SafeText
import Terminal
import YAML

/// What kube-apiserver needs of what `disable` takes away, besides the two flags: usually the authorizer of
/// `--authorization-config`, which calls this webhook as well.
///
/// kube-apiserver does not start without a file that it names, and an authorizer without an answer may deny everything.
struct RemainingUses {
    /// A use that has to end first.
    struct Use: Hashable {
        enum Kind: Hashable {
            /// A file that kube-apiserver needs would be gone.
            case loss
            /// An authorizer calls the webhook.
            case call
            /// It cannot be found out, for this reason.
            case unknown(String)
        }

        var kind: Kind
        /// What would be missing, for people.
        var sentence: String
        /// What to do first.
        var advice: String

        var failure: CommandFailure {
            CommandFailure(sentence, hint: advice + ", then run `kube-entra disable` again")
        }
    }

    /// kube-apiserver's flags.
    let flags: FlagList
    /// Where a file of kube-apiserver lies on the node.
    let nodePath: (String) -> String
    /// Whether kube-apiserver sees a path now, and not without the folder that `disable` takes from it.
    let losesSight: (String) -> Bool
    /// Whether `disable` removes a file of the node.
    let isRemoved: (String) -> Bool
    /// Whether the webhook that `disable` stops answers at a host and port; nil if that is not known.
    let isStopped: (_ host: String, _ port: Int) -> Bool?
    /// Reads a file of the node; nil if it cannot be read.
    let read: (String) -> [UInt8]?

    /// The first such use; nil if there is none.
    var first: Use? {
        let own = [WebhookFlags.configFileName, WebhookFlags.versionName]
        for flag in flags.flags where !own.contains(flag.name.text) && flag.value.text.hasPrefix("/") {
            guard let loss = loss(of: flag.value.text) else { continue }
            return Use(
                kind: .loss,
                sentence: "kube-apiserver has --\(flag.name.text)=\(shown(flag.value.text)), which \(loss): it would"
                    + " not start without it",
                advice: "move that file to another folder, and mount that")
        }
        return flags.value("authorization-config").flatMap { authorizer($0.text) }
    }

    /// How a file of kube-apiserver gets lost; nil if it stays.
    private func loss(of path: String) -> String? {
        if losesSight(path) { return "is in the folder that `disable` takes from it" }
        return isRemoved(nodePath(path)) ? "`disable` removes" : nil
    }

    /// The use by a webhook authorizer.
    ///
    /// Source: Kubernetes documentation, "Configuring the API Server using an Authorization Config File".
    private func authorizer(_ path: String) -> Use? {
        let advice = "take the webhook out of \(shown(path)) first, which kube-apiserver reads again by itself"
        func unknown(_ path: String) -> Use {
            Use(
                kind: .unknown("\(shown(path)) cannot be read"),
                sentence: "\(shown(path)), to which kube-apiserver's --authorization-config leads, cannot be read on"
                    + " this node, so it is not known whether the API server would start without this webhook",
                advice: "repair it, or take the webhook out of it")
        }
        let portUnknown = Use(
            kind: .unknown(
                "\(NodePath.configuration) has errors, so the port of this node's webhook is not known"),
            sentence: "kube-apiserver's authorizer in \(shown(path)) calls this host, and \(NodePath.configuration)"
                + " has errors, so it is not known whether it calls this webhook, which `disable` stops",
            advice: "repair the configuration (kube-entra config check \(NodePath.configuration)), or take the webhook"
                + " out of \(shown(path))")
        guard let root = read(nodePath(path)).flatMap({ try? YAMLNode.parse($0) }) else { return unknown(path) }
        for authorizer in root["authorizers"]?.sequence ?? [] {
            guard let file = authorizer["webhook"]?["connectionInfo"]?["kubeConfigFile"]?.text else { continue }
            if let loss = loss(of: file) {
                return Use(
                    kind: .loss,
                    sentence: "kube-apiserver's authorizer in \(shown(path)) needs \(shown(file)), which \(loss):"
                        + " the API server would not start without it", advice: advice)
            }
            guard let bytes = read(nodePath(file)), let access = try? Kubeconfig.parse(bytes, path: file).access()
            else { return unknown(file) }
            let sources = [access.cluster.authority, access.user.clientCertificate, access.user.clientKey]
            for case .file(let needed)? in sources {
                guard let loss = loss(of: needed) else { continue }
                return Use(
                    kind: .loss,
                    sentence: "kube-apiserver's authorizer in \(shown(path)) needs \(shown(needed)), which \(loss):"
                        + " the API server would not start without it", advice: advice)
            }
            guard let url = access.cluster.server.flatMap({ HTTPSURL($0) }) else { continue }
            guard let isStopped = isStopped(url.host, url.port) else { return portUnknown }
            if isStopped {
                return Use(
                    kind: .call,
                    sentence: "kube-apiserver's authorizer in \(shown(path)) asks this webhook, which `disable` stops:"
                        + " requests would wait for it in vain, or be denied", advice: advice)
            }
        }
        return nil
    }

    private func shown(_ path: String) -> String { PrintableText.clean(path, maximum: 300) }

    /// Whether a host and port are those at which this node's webhook listens.
    ///
    /// - Parameter listen: nil if the webhook has no configuration.
    static func isWebhook(_ host: String, _ port: Int, _ listen: ListenAddress?) -> Bool {
        guard let listen, listen.port == port else { return false }
        return ExactText(listen.host) == ExactText(host) || isThisHost(host)
    }

    static func isThisHost(_ host: String) -> Bool {
        ["localhost", "127.0.0.1", "::1"].contains(host) || HostAddresses.contains(host)
    }
}

extension Installer {
    /// Why `disable` must not begin; nil if it may.
    ///
    /// - Parameter current: the file with the flags.
    func remainingUse(_ distribution: Distribution, _ current: [UInt8]?) -> RemainingUses.Use? {
        guard let view = apiServerView(distribution, current) else { return nil }
        let isStopping = journal != nil
        return RemainingUses(
            flags: view.flags, nodePath: view.nodePath, losesSight: view.losesSight,
            isRemoved: { path in
                // What was changed since stays.
                guard let made = self.journal?.made(at: path)?.sha256 else { return false }
                return (try? self.files.content(path)).flatMap { $0 }.map(NodeFiles.digest) == made
            },
            isStopped: { host, port in isStopping ? self.isWebhook(host, port) : false },
            read: { (try? self.files.content($0)).flatMap { $0 } }
        ).first
    }

    /// Whether a host and port are those at which this node's webhook listens; nil if its configuration hides it.
    func isWebhook(_ host: String, _ port: Int) -> Bool? {
        guard !isConfigurationDamaged else { return RemainingUses.isThisHost(host) ? nil : false }
        return RemainingUses.isWebhook(host, port, nodeConfiguration?.configuration.server.listen)
    }

    typealias View = (
        flags: FlagList, nodePath: (String) -> String, losesSight: (String) -> Bool
    )

    /// kube-apiserver's flags, and how it sees the node; nil if the file cannot be read, which is another failure.
    func apiServerView(_ distribution: Distribution, _ current: [UInt8]?) -> View? {
        switch distribution {
        case .kubeadm:
            guard let current, let before = try? APIServerManifest(current),
                let rest = try? manifest(before: current, journal),
                let after = try? APIServerManifest(rest)
            else { return nil }
            return (
                before.flagList, { before.nodePath(of: $0) ?? $0 },
                { before.nodePath(of: $0) != nil && after.nodePath(of: $0) == nil }
            )
        case .rke2, .k3s:
            let dropIns = DropIn.files(distribution, files: files).map(\.file)
            let mounts = distribution == .rke2 ? DropIn.mounts(dropIns) : []
            let home = NodePath.home + "/"
            return (
                FlagList(DropIn.arguments(dropIns), bare: true),
                { path in
                    let mount = mounts.filter { path.hasPrefix($0.path + "/") }.max { $0.path.count < $1.path.count }
                    return mount.map { $0.host + path.dropFirst($0.path.count) } ?? path
                },
                { distribution == .rke2 && $0.hasPrefix(home) }
            )
        }
    }
}
