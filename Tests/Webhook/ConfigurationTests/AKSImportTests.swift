import AccessPolicy
import Configuration
import Entra
import Jansson
import SafeText
import Testing
import Timestamps

private let tenant = "11111111-2222-3333-4444-555555555555"
private let group = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
private let shared = "6dae42f8-4368-4678-94ff-3960e28e3630"
private let server = "aaaaaaaa-0000-0000-0000-000000000000"
private let client = "bbbbbbbb-0000-0000-0000-000000000000"

private func clusters(_ text: String) throws -> [AKSCluster] {
    AKSDocument.clusters(in: try JSONDocument(parsing: Array(text.utf8), maximumDepth: 64))
}

private func profile(_ fields: String = "") -> String {
    "{\"managed\":true,\"tenantID\":\"\(tenant)\",\"adminGroupObjectIDs\":[\"\(group)\"]\(fields)}"
}

private func configuration(_ cluster: AKSCluster) throws -> LoadedConfiguration {
    let tenant = try #require(cluster.tenantID)
    let text = cluster.template(tenantID: tenant, cloud: nil, certificates: "certs").render()
    return try ConfigurationLoader.parse(Array(text.utf8), path: "webhook.yaml")
}

@Suite struct AKSImportTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        var testDescription: String { name }
    }

    static let cliProfile =
        "{\"managed\":true,\"tenantId\":\"\(tenant)\",\"adminGroupObjectIds\":[\"\(group)\"],\"clientAppId\":null,"
        + "\"serverAppId\":null,\"serverAppSecret\":null,\"enableAzureRbac\":false}"

    @Test(
        "every spelling of a setting is read",
        arguments: [
            Sample(name: "a bare profile, ARM spelling", text: profile()),
            Sample(name: "a bare profile, CLI spelling", text: cliProfile),
            Sample(
                name: "a profile that does not say whether it is managed",
                text: "{\"tenantID\":\"\(tenant)\",\"adminGroupObjectIDs\":[\"\(group)\"]}"),
            Sample(name: "only the member", text: "{\"aadProfile\":\(profile())}"),
            Sample(name: "az aks show", text: "{\"name\":\"one\",\"aadProfile\":\(cliProfile),\"identity\":{}}"),
            Sample(name: "az aks list", text: "[{\"name\":\"one\",\"aadProfile\":\(cliProfile)}]"),
            Sample(
                name: "a REST answer",
                text: "{\"value\":[{\"name\":\"one\",\"properties\":{\"aadProfile\":\(profile())}}]}"
            ),
            Sample(
                name: "an ARM template",
                text: """
                    {"$schema":"x","parameters":{"groups":{"type":"array","defaultValue":["\(group)"]}},
                     "variables":{"tenant":"\(tenant)"},
                     "resources":[{"type":"Microsoft.Network/virtualNetworks","properties":{}},
                      {"type":"Microsoft.ContainerService/managedClusters","name":"[parameters('name')]",
                       "properties":{"aadProfile":{"managed":true,"adminGroupObjectIDs":"[parameters('groups')]",
                       "tenantID":"[variables('tenant')]"}}}]}
                    """),
            Sample(
                name: "upper case and braces",
                text: "{\"MANAGED\":true,\"TenantId\":\"{\(tenant.uppercased())}\",\"adminGroupObjectIDs\":"
                    + "[\"\(group.uppercased())\",\"\(group)\"]}"),
            Sample(
                name: "the tenant of the cluster's identity",
                text: "{\"name\":\"one\",\"identity\":{\"tenantId\":\"\(tenant)\"},\"aadProfile\":{\"managed\":true,"
                    + "\"adminGroupObjectIDs\":[\"\(group)\"]}}"),
        ])
    func readsEverySpelling(_ sample: Sample) throws {
        let found = try clusters(sample.text)
        let cluster = try #require(found.first)
        #expect(found.count == 1)
        #expect(cluster.problems == [])
        let loaded = try configuration(cluster).configuration
        #expect(loaded.tenants.count == 1)
        #expect(loaded.tenants[0].trust.tenantID.description == tenant)
        #expect(loaded.tenants[0].trust.audiences == [ExactText(shared)])
        #expect(loaded.tenants[0].trust.allowedClientAppIDs == [])
        #expect(loaded.tenants[0].policy.adminGroupObjectIDs.map(\.description) == [group])
    }

    @Test("legacy applications become an audience and a client")
    func legacyApplicationsBecomeAudienceAndClient() throws {
        let text = """
            {"aadProfile":{"serverAppID":"\(server)","clientAppID":"\(client)","serverAppSecret":"hunter2",
             "tenantID":"\(tenant)"}}
            """
        let cluster = try #require(try clusters(text).first)
        let loaded = try configuration(cluster).configuration
        #expect(loaded.tenants[0].trust.audiences == [ExactText(server)])
        #expect(loaded.tenants[0].trust.allowedClientAppIDs.map(\.description) == [client])
        let rendered = cluster.template(tenantID: try #require(GUID(tenant)), cloud: nil, certificates: "c").render()
        #expect(!rendered.contains("hunter2"))
        #expect(cluster.notes.contains { $0.contains("serverAppSecret was left out") })
        #expect(cluster.notes.contains { $0.contains("nobody becomes admin") })
    }

    @Test("settings that cannot be carried over are named")
    func saysWhatCannotBeCarriedOver() throws {
        let cluster = try #require(try clusters(profile(",\"enableAzureRBAC\":true,\"other\":1")).first)
        #expect(cluster.notes.contains { $0.contains("enableAzureRBAC cannot be carried over") })
        #expect(cluster.notes.contains("aadProfile.other is not known and was left out"))
        #expect(cluster.notes.contains { $0.contains("every AKS cluster") })
    }

    @Test(
        "a cluster that cannot be translated is refused",
        arguments: [
            ("{\"adminGroupObjectIDs\":\"\(group)\"}", "aadProfile.adminGroupObjectIDs must be a list of object IDs"),
            (
                "{\"adminGroupObjectIDs\":[\"admins\"]}",
                "aadProfile.adminGroupObjectIDs[0] is not an ID; names are not accepted"
            ),
            ("{\"adminGroupObjectIDs\":[7]}", "aadProfile.adminGroupObjectIDs[0] must be a text"),
            (
                "{\"adminGroupObjectIDs\":\"[parameters('x')]\"}",
                "aadProfile.adminGroupObjectIDs is an expression whose value is not in the document"
            ),
            ("{\"managed\":\"yes\"}", "aadProfile.managed must be true or false"),
            ("{\"managed\":true,\"tenantID\":\"contoso\"}", "aadProfile.tenantID is not an ID; names are not accepted"),
            ("{\"serverAppID\":{}}", "aadProfile.serverAppID must be a text"),
            ("{\"name\":\"a\",\"aadProfile\":null}", "the cluster has no aadProfile, so it does not use Entra"),
            (
                "{\"type\":\"Microsoft.ContainerService/managedClusters\",\"properties\":{}}",
                "the cluster has no aadProfile, so it does not use Entra"
            ),
            (
                "{\"aadProfile\":\"[parameters('aad')]\"}",
                "aadProfile is an expression whose value is not in the document"
            ),
        ])
    func refusesWhatItCannotTranslate(_ text: String, _ problem: String) throws {
        #expect(try clusters(text).first?.problems == [problem])
    }

    @Test("input without a cluster has none", arguments: ["{}", "[]", "[[]]", "{\"a\":{\"b\":[1,null]}}"])
    func findsNothingWhereNothingIs(_ text: String) throws {
        #expect(try clusters(text).isEmpty)
    }

    @Test("clusters are told apart by name")
    func tellsClustersApart() throws {
        let found = try clusters(
            """
            [{"name":"one","aadProfile":\(profile())},{"name":"two","aadProfile":\(profile(",\"clientAppID\":null"))},
             {"name":"three","fqdn":"x.hcp.cx.aks.containerservice.azure.us","aadProfile":\(profile())}]
            """)
        try #require(found.count == 3)
        #expect(found[0].isSameSetup(as: found[1]))
        #expect(!found[0].isSameSetup(as: found[2]))
        #expect(found[2].cloud == .usGovernment)
    }

    @Test("a cluster's name cannot break out of its comment")
    func aNameCannotBreakOutOfItsComment() throws {
        let cluster = try #require(
            try clusters("{\"name\":\"a\\nkubernetes: {adminGroups: [x]}\",\"aadProfile\":\(profile())}").first)
        let loaded = try configuration(cluster).configuration
        #expect(loaded.kubernetes.adminGroups == ["kube-entra:cluster-admins"])
    }
}
