import AccessPolicy
import Configuration
import Entra
import Jansson
import PolicyChecks
import Testing
import Timestamps

@Suite struct AKSAccessTests {
    @Test("a configuration translated from an aadProfile admits the cluster's admins")
    func admitsTheClustersAdmins() throws {
        let group = TestConfiguration.admins
        let profile = """
            {"managed":true,"tenantID":"\(TestConfiguration.tenant)","adminGroupObjectIDs":["\(group)"]}
            """
        let document = try JSONDocument(parsing: Array(profile.utf8))
        let cluster = try #require(AKSDocument.clusters(in: document).first)
        let template = cluster.template(
            tenantID: try #require(cluster.tenantID), cloud: nil, certificates: "certs")
        let checker = PolicyChecker(try TestConfiguration.load(template.render()).configuration.authentication)
        let admin = HypotheticalPrincipal(user: "alice@example.com", groups: [try #require(GUID(group))])
        let answer = checker.answer(.principal(admin), now: Timestamp(secondsSinceEpoch: 1_800_000_000))
        #expect(answer.isAdmin)
        #expect(answer.access?.user.groups.contains(group) == true)
    }
}
