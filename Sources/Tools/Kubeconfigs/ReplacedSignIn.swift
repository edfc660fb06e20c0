import Entra
import Files
import SafeText

/// How the user entry that `kubeconfig user --force` replaces signs in. The new entry keeps the client and the login
/// method unless the command line names others, because clients differ between clusters and tenants.
public struct ReplacedSignIn: Hashable, Sendable {
    /// The login method; nil if the entry names none that is known here.
    public var login: KubeloginMethod?
    /// The application ID of the client that asks for the token; nil if the entry names none.
    public var clientID: String?

    /// Nil if the entry neither runs kubelogin, alone or through `kube-entra credential`, nor has the old form
    /// `auth-provider: azure`.
    ///
    /// - Parameter user: the entry that is replaced.
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

    /// Reads the entry from a kubeconfig. Nil if there is no such entry, or if the file cannot be read; merging reports
    /// that later.
    public init?(ofUser name: String, in path: String) {
        guard let bytes = try? FileIO.read(path, maximumBytes: 4 << 20),
            let user = (try? Kubeconfig.parse(bytes, path: path))?.users[ExactText(name)]
        else { return nil }
        self.init(user)
    }

    /// Whether the client can be kept with this login method. It must be the same method, or both must be methods with
    /// which a person signs in, because their clients have no credential of their own.
    public func hasClient(for method: KubeloginMethod) -> Bool {
        // kubelogin's own default.
        let old = login ?? .devicecode
        return old == method || (old.signsInPeople && method.signsInPeople)
    }
}
