import Configuration
import Jansson
import SafeText

/// What the file of kube-apiserver's `--authorization-config` has to do with this webhook.
struct AuthorizerStatus: Hashable {
    enum Call: String {
        case yes, no
        case unknown
    }

    /// The file as kube-apiserver sees it.
    var file: String
    /// Whether an authorizer in it calls this node's webhook.
    var calls: Call
    /// Why it is not known; nil if it is.
    var reason: String?

    var json: JSON {
        .object([("file", .string(file)), ("calls", .string(calls.rawValue)), ("reason", JSON(reason))])
    }

    /// For people.
    var text: String {
        let file = PrintableText.clean(file, maximum: 300)
        return switch calls {
        case .yes: "kube-apiserver calls the webhook as authorizer too (\(file))"
        case .no: "kube-apiserver does not call the webhook as authorizer (\(file))"
        case .unknown: "not known whether kube-apiserver calls the webhook as authorizer (\(file)): \(reason ?? "")"
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
        let use = RemainingUses(
            flags: view.flags, nodePath: view.nodePath, losesSight: { _ in false }, isRemoved: { _ in false },
            isStopped: isWebhook,
            read: { (try? self.files.content($0)).flatMap { $0 } }
        ).first
        return switch use?.kind {
        case .call?, .loss?: AuthorizerStatus(file: file.text, calls: .yes)
        case .unknown(let reason)?: AuthorizerStatus(file: file.text, calls: .unknown, reason: reason)
        case nil: AuthorizerStatus(file: file.text, calls: .no)
        }
    }
}
