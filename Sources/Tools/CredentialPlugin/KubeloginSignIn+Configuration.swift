public import Configuration
public import Entra
public import Kubeconfigs
import SafeText
import Terminal

extension KubeloginSignIn {
    /// Takes what the command line leaves open from a configuration.
    ///
    /// - Parameters:
    ///   - path: the configuration's file, for messages.
    ///   - cloud: the cloud of the command line; nil for the tenant's.
    ///   - choosesLogin: whether the command line leaves the login method open.
    /// - Throws: `CommandFailure` if the tenant is not in the configuration, or is not the only one.
    public mutating func complete(
        from configuration: WebhookConfiguration, of path: String, cloud: Cloud?, choosesLogin: Bool
    ) throws {
        let tenants = configuration.tenants.map(\.trust)
        let wanted = tenantID.flatMap { GUID($0) }
        let matching = tenants.filter { wanted == nil || $0.tenantID == wanted }
        guard let tenant = matching.first, matching.count == 1 else {
            throw CommandFailure(
                matching.isEmpty
                    ? "\(path): there is no tenant \(tenantID ?? "")"
                    : "\(path): there are several tenants; choose one with --tenant-id")
        }
        tenantID = tenant.tenantID.description
        if tenant.proofOfPossession == .require {
            proofHost = tenant.clusterHost
            if choosesLogin, !login.makesProofs { login = .interactive }
        }
        let chosen = cloud ?? tenant.cloud
        environment = chosen.kubeloginEnvironment
        authority = chosen.authority
        // kubelogin asks for an application ID; other audiences are for other clients.
        if serverID == nil {
            let audience = tenant.audiences.first { GUID($0.text) != nil } ?? tenant.audiences.first
            serverID = audience?.text
        }
        guard clientID == nil else { return }
        let allowed = tenant.allowedClientAppIDs
        func isAllowed(_ id: String) -> Bool { GUID(id).map(allowed.contains) ?? false }
        if let replacedClientID, allowed.isEmpty || isAllowed(replacedClientID) {
            clientID = replacedClientID
        } else if !isAllowed(KubeloginSignIn.clientApplication) {
            clientID = allowed.first?.description
        }
    }
}
