import Configuration

/// Configurations as text, so that tests look like administrators' files.
enum TestConfiguration {
    static let tenant = "11111111-2222-3333-4444-555555555555"
    static let audience = "aaaaaaaa-0000-0000-0000-000000000000"
    static let admins = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
    static let developers = "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"
    static let other = "12340000-bbbb-cccc-dddd-eeeeffff0000"
    static let rescuer = "7777aaaa-bbbb-cccc-dddd-eeeeffff0000"

    static let standardTenant = """
        audiences: [\(audience)]
        adminGroupObjectIDs: [\(admins)]
        groupMappings:
        - groupObjectID: \(developers)
          kubernetesGroups: [developers]
        appRoleMappings:
        - appRole: Cluster.Viewer
          kubernetesGroups: [viewers]
        emergencyAccess:
        - objectID: \(rescuer)
          until: 2030-01-01T00:00:00Z
          kubernetesGroups: [kube-entra:cluster-admins]
          reason: incident 4711
        """

    static func text(tenant fields: String = standardTenant, rest: String = "", server: String = "") -> String {
        let indented = fields.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n")
        let serverFields = server.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
        return """
            apiVersion: kube-entra.dev/v1
            kind: WebhookConfiguration
            server:
              certificate: server.crt
              privateKey: server.key
              clientCA: ca.crt
            \(serverFields)
            tenants:
              - tenantID: \(tenant)
            \(indented)
            \(rest)
            """
    }

    static func load(
        tenant fields: String = standardTenant,
        rest: String = "",
        server: String = ""
    ) throws -> LoadedConfiguration {
        try load(text(tenant: fields, rest: rest, server: server))
    }

    static func load(_ text: String, path: String = "webhook.yaml") throws -> LoadedConfiguration {
        try ConfigurationLoader.parse(Array(text.utf8), path: path)
    }
}
