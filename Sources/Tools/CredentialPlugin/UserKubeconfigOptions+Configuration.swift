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
        var kubeconfig = UserKubeconfig(name: name, server: server, authority: authority, user: user)
        kubeconfig.replacementNote = replacementNote(signIn)
        kubeconfig.warnings = signIn.mistakenIDs
        return kubeconfig
    }

    private func signIn(hasDesktop: Bool, now: Timestamp) throws -> KubeloginSignIn {
        let known = cloud ?? .public
        var signIn = KubeloginSignIn(
            login: login ?? keptLogin ?? (hasDesktop ? .interactive : .devicecode), tenantID: tenantID,
            serverID: serverID, clientID: clientID, environment: known.kubeloginEnvironment,
            authority: known.authority)
        if let replaced, replaced.hasClient(for: signIn.login) { signIn.replacedClientID = replaced.clientID }
        guard let config else {
            signIn.clientID = clientID ?? signIn.replacedClientID
            return signIn
        }
        let loaded = try ConfigurationLoader.load(path: config)
        if isExplained { signIn.hints = TokenHints(loaded, writtenAt: now).json.text() }
        try signIn.complete(from: loaded.configuration, of: config, cloud: cloud, choosesLogin: login == nil)
        return signIn
    }

    /// Only the exec form has a login method.
    private var keptLogin: KubeloginMethod? { form == .exec ? replaced?.login : nil }

    /// Which options of the replaced entry are kept, or that its client is not; nil if there is nothing to say.
    private func replacementNote(_ signIn: KubeloginSignIn) -> String? {
        guard replaced != nil else { return nil }
        var kept: [String] = []
        if clientID == nil, let old = signIn.replacedClientID, old != KubeloginSignIn.clientApplication {
            guard signIn.clientID == old else {
                return "note: the client was \(old), which allowedClientAppIDs does not list; it is now "
                    + (signIn.clientID ?? KubeloginSignIn.clientApplication)
            }
            kept.append("--client-id \(old)")
        }
        if login == nil, let old = keptLogin, old == signIn.login { kept.append("--login \(old.rawValue)") }
        return kept.isEmpty ? nil : "note: kept from the entry that it replaces: \(kept.joined(separator: " "))"
    }
}
