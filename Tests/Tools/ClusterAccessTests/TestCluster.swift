import AccessPolicy
import ClusterAccess
import Configuration
import Entra
import RBAC
import Timestamps

/// A configuration and bindings as text, so that tests look like administrators' files.
enum TestCluster {
    static let tenant = "11111111-2222-3333-4444-555555555555"
    static let admins = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
    static let developers = "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"
    static let stranger = "12340000-bbbb-cccc-dddd-eeeeffff0000"
    static let rescuer = "7777aaaa-bbbb-cccc-dddd-eeeeffff0000"
    static let now = Timestamp(secondsSinceEpoch: 1_790_000_000)

    static let standardTenant = """
        adminGroupObjectIDs: [\(admins)]
        groupMappings: [{groupObjectID: \(developers), kubernetesGroups: [developers]}]
        appRoleMappings: [{appRole: Cluster.Viewer, kubernetesGroups: [viewers]}]
        emergencyAccess:
        - {objectID: \(rescuer), until: 2030-01-01T00:00:00Z, kubernetesGroups: [rescuers], reason: incident}
        - {objectID: \(rescuer), until: 2020-01-01T00:00:00Z, kubernetesGroups: [past], reason: incident}
        """

    static func names(tenant fields: String = standardTenant, kubernetes: String = "") throws -> EntraNames {
        let indented = fields.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        let text = """
            apiVersion: kube-entra.dev/v1
            kind: WebhookConfiguration
            server: {certificate: server.crt, privateKey: server.key, clientCA: ca.crt}
            tenants:
              - tenantID: \(tenant)
                audiences: [aaaaaaaa-0000-0000-0000-000000000000]
            \(indented)
            kubernetes: {\(kubernetes)}
            """
        let loaded = try ConfigurationLoader.parse(Array(text.utf8), path: "test.yaml")
        return EntraNames(loaded.configuration, now: now)
    }

    /// Roles that every test may bind.
    static let roles = """
        kind: ClusterRole
        metadata: {name: cluster-admin}
        rules:
        - {verbs: ["*"], apiGroups: ["*"], resources: ["*"]}
        - {verbs: ["*"], nonResourceURLs: ["*"]}
        ---
        kind: ClusterRole
        metadata: {name: reader}
        rules:
        - {verbs: [get, list], apiGroups: [""], resources: [pods]}
        - {verbs: [get], nonResourceURLs: [/metrics]}

        """

    /// - Parameter bindings: YAML, several documents.
    static func read(_ bindings: String) throws -> Cluster {
        var reader = ClusterReader()
        try reader.read(Array((roles + bindings).utf8), file: "test.yaml")
        return try reader.cluster()
    }

    /// A binding of the role `reader`.
    static func binding(_ subject: String, role: String = "reader", namespace: String? = nil) -> String {
        """
        ---
        kind: \(namespace == nil ? "ClusterRoleBinding" : "RoleBinding")
        metadata: {name: b, namespace: \(namespace ?? "''")}
        roleRef: {kind: ClusterRole, name: \(role)}
        subjects: [\(subject)]

        """
    }

    static func group(_ name: String) -> String { "{kind: Group, name: \"\(name)\"}" }
    static func user(_ name: String) -> String { "{kind: User, name: \"\(name)\"}" }
}
