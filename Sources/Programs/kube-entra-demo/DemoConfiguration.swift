import EntraSimulator

/// The webhook's configuration in the demo's folder.
struct DemoConfiguration: Sendable {
    static let clusterHost = "cluster.example"

    let tenant: SimulatedTenant
    let port: Int
    let operations: Int
    /// The directory for principals with more groups than a token can list; nil to refuse them.
    var directory: SimulatedDirectory?
    var acceptsProofs = false
    /// Whether the directory is asked again about admins who are signed in, and `denied.json` is followed.
    var watches = false

    init(tenant: SimulatedTenant, port: Int, operations: Int) {
        self.tenant = tenant
        self.port = port
        self.operations = operations
    }

    var text: String {
        var text = """
            apiVersion: kube-entra.dev/v1
            kind: WebhookConfiguration
            server:
              listen: 127.0.0.1:\(port)
              operations: 127.0.0.1:\(operations)
              certificate: server.crt
              privateKey: server.key
              clientCA: ca.crt
            tenants:
              - tenantID: \(tenant.tenantID)
                authority: \(tenant.authority)
                authorityCA: ca.crt
                audiences: [\(DemoEnvironment.audience)]
                adminGroupObjectIDs: [\(SignInCases.admins)]
                groupMappings:
                  - groupObjectID: \(SignInCases.developers)
                    kubernetesGroups: [developers]

            """
        if let directory {
            text += """
                    groupOverage: resolve
                    directory:
                      clientID: \(directory.clientID)
                      clientSecretFile: secret
                      graphEndpoint: \(directory.endpoint)
                      graphCA: ca.crt

                """
            if watches {
                text += """
                          watch: admins
                          watchEvery: 1s
                        deniedFile: denied.json

                    """
            }
        }
        if acceptsProofs {
            text += """
                    proofOfPossession: accept
                    clusterHost: \(Self.clusterHost)

                """
        }
        return text
    }
}
