import Entra
import Registration
import Testing

@Suite("What is registered in Entra")
struct RegistrationTests {
    static let full = Registration(
        name: "prod", appRoles: ["Cluster.Viewer"], withDirectory: true, withAzureCLI: true, onlyAssignedGroups: true,
        addsCaller: true, clusterHost: "cluster.example")

    @Test("the Azure CLI's script sets every property of the list", arguments: Registration.Setting.allCases)
    func settings(setting: Registration.Setting) {
        // In the body of a new application, or in the query for one that is there.
        let script = Self.full.azureCLIScript
        #expect(
            script.contains("\"\(setting.rawValue)\":") || script.contains("  \(setting.rawValue): [")
                || script.contains(", \(setting.rawValue): ["))
    }

    @Test("both scripts have the same IDs, and the same on every run")
    func identifiers() throws {
        let identifier = #/[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}/#
        let first = Set(Self.full.azureCLIScript.matches(of: identifier).map { String($0.output) })
        #expect(first.count == 2, "the scope and the role")
        #expect(first == Set(Self.full.terraformConfiguration.matches(of: identifier).map { String($0.output) }))
    }

    @Test("what was not asked for is not registered")
    func plain() {
        for text in [Registration().azureCLIScript, Registration().terraformConfiguration] {
            for word in [
                "directory", "ppRole\"", "app_role ", "04b07795", "member add", "proofOfPossession", "GroupMember",
            ] {
                #expect(!text.contains(word), "\(word)")
            }
            #expect(text.contains("kube-entra enable --tenant-id "))
            #expect(text.contains("kubernetes-login") && text.contains("kubernetes-admins"))
        }
    }

    @Test("each cloud has its own Graph and its own option")
    func clouds() {
        let text = Registration(cloud: .usGovernment)
        #expect(text.azureCLIScript.contains("https://graph.microsoft.us/v1.0"))
        #expect(text.azureCLIScript.contains("--cloud usGovernment"))
        #expect(text.terraformConfiguration.contains("\"usgovernment\""))
        #expect(Registration(cloud: .china).terraformConfiguration.contains("\"china\""))
    }

    @Test(
        "names that a shell or a query could act on are refused",
        arguments: [
            "", "-a", "a'b", "a\"b", "$(id)", "a`b", "a;b", "a\nb", " a", "a ", "ä", String(repeating: "a", count: 121),
        ])
    func names(name: String) {
        #expect(!Registration.isName(name))
        #expect(name == "-a" || !Registration.isRoleValue(name))
    }

    @Test("each group of an app role is bound by a command of its own")
    func bindings() {
        let registration = Registration(appRoles: Registration.usualAppRoles + ["Team/Ops"])
        for text in [registration.azureCLIScript, registration.terraformConfiguration] {
            for command in [
                "cluster.admin --clusterrole=cluster-admin --group=cluster.admin",
                "cluster.viewer --clusterrole=view --group=cluster.viewer",
                "team-ops --clusterrole=view --group=team/ops",
            ] {
                #expect(text.contains("  kubectl create clusterrolebinding kube-entra-\(command)\n"), "\(command)")
            }
        }
        #expect(!Registration(withDirectory: true).azureCLIScript.contains("clusterrolebinding"))
    }

    @Test("the group's mail nickname has at most the 64 characters that Graph takes")
    func mailNickname() throws {
        let text = Registration(name: String(repeating: "a", count: 100)).azureCLIScript
        let nickname = try #require(text.firstMatch(of: #/"mailNickname": "([^"]*)"/#))
        #expect(nickname.1.count == 64)
    }

    @Test(
        "an address that a shell or Terraform could act on is refused",
        arguments: ["https://$(id)", "https://a;b", "https://a b", "https://${x}", "https://a\"", "https://ä"])
    func addresses(address: String) {
        #expect(!Registration.isAddress(address))
        for good in ["https://cluster-1.example:6443", "https://[::1]:6443"] { #expect(Registration.isAddress(good)) }
    }

    @Test("ordinary names are taken")
    func goodNames() {
        #expect(Registration.isName("kubernetes prod-1.eu_west") && Registration.isRoleValue("Cluster.Viewer"))
        #expect(!Registration.isRoleValue("a b"))
    }
}
