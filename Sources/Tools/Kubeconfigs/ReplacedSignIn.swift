import Entra
import Files
import SafeText

/// How a user entry signs in that `kubeconfig user --force` replaces. Clients differ between clusters and tenants, so
/// the new entry keeps what the command line leaves open.
public struct ReplacedSignIn: Hashable, Sendable {
    /// The login method; nil if the entry names none that is known here.
    public var login: KubeloginMethod?
    /// The application ID of the client that asks for the token; nil if the entry names none.
    public var clientID: String?

    /// - Parameter user: an entry that runs kubelogin, alone or through `kube-entra credential`, or has its old form.
    ///   Nil for any other.
    public init?(_ user: KubeconfigUser) {
        if let entry = user.plugin {
            let plugin = entry.behindCredential?.plugin ?? entry
            guard plugin.isKubelogin else { return nil }
            login = plugin.option("--login", "-l").flatMap(KubeloginMethod.init)
            clientID = plugin.option("--client-id").flatMap { GUID($0)?.description }
        } else if let provider = user.authProvider, provider.name == "azure" {
            clientID = provider.settings["client-id"].flatMap { GUID($0)?.description }
        } else {
            return nil
        }
    }

    /// Reads the entry from a kubeconfig. Nil if it has no such entry, or cannot be read: merging says why.
    public init?(ofUser name: String, in path: String) {
        guard let bytes = try? FileIO.read(path, maximumBytes: 4 << 20),
            let user = (try? Kubeconfig.parse(bytes, path: path))?.users[ExactText(name)]
        else { return nil }
        self.init(user)
    }

    /// Whether the client also serves another login method: people's clients have no credential of their own.
    public func hasClient(for method: KubeloginMethod) -> Bool {
        // kubelogin's own default.
        let old = login ?? .devicecode
        return old == method || (old.signsInPeople && method.signsInPeople)
    }
}
