import Configuration
import Jansson
import SafeText

/// What the file of kube-apiserver's `--authorization-config` has to do with this webhook.
struct AuthorizerStatus: Hashable {
    enum Call: String {
        case yes, no
        /// The file, or one that it names, cannot be read.
        case unknown
    }

    /// The file as kube-apiserver sees it.
    var file: String
    /// Whether an authorizer in it calls this node's webhook.
    var calls: Call

    var json: JSON { .object([("file", .string(file)), ("calls", .string(calls.rawValue))]) }

    /// For people.
    var text: String {
        let file = PrintableText.clean(file, maximum: 300)
        return switch calls {
        case .yes: "kube-apiserver calls the webhook as authorizer too (\(file))"
        case .no: "kube-apiserver does not call the webhook as authorizer (\(file))"
        case .unknown: "not known: \(file), or a kubeconfig that it names, cannot be read"
        }
    }
}

extension Installer {
    /// Whether kube-apiserver calls the webhook as an authorizer; nil without `--authorization-config`.
    ///
    /// - Parameter current: the file with kube-apiserver's flags.
    func authorizerStatus(_ distribution: Distribution, _ current: [UInt8]?) -> AuthorizerStatus? {
        guard let view = apiServerView(distribution, current),
            let file = view.flags.value("authorization-config"), !file.text.isEmpty
        else { return nil }
        let listen = nodeConfiguration?.configuration.server.listen
        let use = RemainingUses(
            flags: view.flags, nodePath: view.nodePath, losesSight: { _ in false }, isRemoved: { _ in false },
            isStopped: { host, port in RemainingUses.isWebhook(host, port, listen) },
            read: { (try? self.files.content($0)).flatMap { $0 } }
        ).first
        let calls: AuthorizerStatus.Call =
            switch use?.kind {
            case .call, .loss: .yes
            case .unknown: .unknown
            case nil: .no
            }
        return AuthorizerStatus(file: file.text, calls: calls)
    }
}
