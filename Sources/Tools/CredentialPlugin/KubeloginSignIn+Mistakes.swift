import Entra
import Kubeconfigs

extension KubeloginSignIn {
    /// Warnings about IDs that stand in the place of others: all three look alike, and Entra shows them side by side.
    var mistakenIDs: [String] {
        let tenant = tenantID.flatMap { GUID($0) }
        let client = clientID.flatMap { GUID($0) }
        let server = serverID.flatMap { GUID($0) ?? GUID.inApplicationIDURI($0) }
        var warnings: [String] = []
        if let client, client == tenant {
            warnings.append(
                "warning: the client is the tenant's ID, so nobody can sign in; --client-id is the client application's ID"
                    + " (Application (client) ID), which `kube-entra register` prints")
        } else if let client, client == server {
            warnings.append(
                "warning: the client is the server application, for which tokens are made; a client application of its own"
                    + " asks for them: `kube-entra register` makes it and prints its ID")
        }
        if let server, server == tenant {
            warnings.append(
                "warning: the server application is the tenant's ID, so nobody can sign in; --server-id is its"
                    + " Application (client) ID, which the webhook's configuration has under audiences")
        } else if let problem = serverID.flatMap({ AudienceProblem($0) }) {
            warnings.append("warning: the server application \(problem.words), so nobody can sign in")
        }
        return warnings
    }
}
