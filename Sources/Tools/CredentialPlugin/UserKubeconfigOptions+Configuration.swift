import Configuration
import Entra
import Jansson
public import Kubeconfigs
public import Timestamps

extension UserKubeconfigOptions {
    /// The kubeconfig of these options; missing values come from the configuration.
    ///
    /// - Parameters:
    ///   - authority: the CA of the API server's certificate in PEM; nil for the system's authorities.
    ///   - hasDesktop: whether a browser could be opened. Conditional Access accepts browsers more often than device
    ///     codes.
    ///   - now: when the hints for `kube-entra credential` are written.
    /// - Throws: `ConfigurationError` if the configuration cannot be used, `CommandFailure` if a value is missing or
    ///   does not go with it.
    public func kubeconfig(authority: [UInt8]?, hasDesktop: Bool, now: Timestamp) throws -> UserKubeconfig {
        let signIn = try signIn(hasDesktop: hasDesktop, now: now)
        let user =
            switch form {
            case .exec: try signIn.exec()
            case .azure: try signIn.authProvider()
            }
        return UserKubeconfig(name: name, server: server, authority: authority, user: user)
    }

    private func signIn(hasDesktop: Bool, now: Timestamp) throws -> KubeloginSignIn {
        let known = cloud ?? .public
        var signIn = KubeloginSignIn(
            login: login ?? (hasDesktop ? .interactive : .devicecode), tenantID: tenantID, serverID: serverID,
            clientID: clientID, environment: known.kubeloginEnvironment, authority: known.authority)
        guard let config else { return signIn }
        let loaded = try ConfigurationLoader.load(path: config)
        if isExplained { signIn.hints = TokenHints(loaded, writtenAt: now).json.text() }
        try signIn.complete(from: loaded.configuration, of: config, cloud: cloud, choosesLogin: login == nil)
        return signIn
    }
}
