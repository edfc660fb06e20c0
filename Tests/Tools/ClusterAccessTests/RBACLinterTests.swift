import ClusterAccess
import Configuration
import Files
import Jansson
import RBAC
import Testing

@Suite struct RBACLinterTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        var kubernetes = ""
        let subject: String
        let finds: [String]
        var testDescription: String { name }
    }

    private static let guestsAndApps = TestCluster.standardTenant
    private static let usersOnly = TestCluster.standardTenant + "\nsubjects: [user]"

    private func findings(
        _ cluster: Cluster, tenant: String = TestCluster.standardTenant, kubernetes: String = "",
        displayNames: DirectoryNames = DirectoryNames()
    ) throws -> [String] {
        let names = try TestCluster.names(tenant: tenant, kubernetes: kubernetes)
        return RBACLinter.report(cluster, names: names, displayNames: displayNames).findings
            .filter { $0.rule != .adminGroupUnbound }
            .map { "\($0.severity.rawValue) \($0.rule.rawValue)" }
    }

    private static let upn = "alice@contoso.com"
    private static let oid = "username: oid"
    private static let lower = "username: upnLowercase"
    private static let prefix = "usernamePrefix: 'entra:'"

    @Test(
        "each subject of a binding has its finding, or none",
        arguments: [
            Sample(name: "a mapped group", subject: TestCluster.group("developers"), finds: []),
            Sample(name: "an app role's group", subject: TestCluster.group("viewers"), finds: []),
            Sample(name: "the group of an emergency", subject: TestCluster.group("rescuers"), finds: []),
            Sample(
                name: "the group of an emergency that has ended", subject: TestCluster.group("past"),
                finds: ["warning group-never-given"]),
            Sample(
                name: "a group in another case", subject: TestCluster.group("Developers"),
                finds: ["warning name-differs-in-case"]),
            Sample(name: "any object ID", subject: TestCluster.group(TestCluster.stranger), finds: []),
            Sample(
                name: "an object ID in upper case", subject: TestCluster.group(TestCluster.stranger.uppercased()),
                finds: ["warning name-differs-in-case"]),
            Sample(
                name: "an object ID where none is given", kubernetes: "groupObjectIDs: drop",
                subject: TestCluster.group(TestCluster.stranger), finds: ["warning group-never-given"]),
            Sample(
                name: "an object ID without its prefix", kubernetes: "groupPrefix: 'e:'",
                subject: TestCluster.group(TestCluster.stranger), finds: ["warning group-never-given"]),
            Sample(
                name: "an object ID with its prefix", kubernetes: "groupPrefix: 'e:'",
                subject: TestCluster.group("e:" + TestCluster.stranger), finds: []),
            Sample(
                name: "a name with a space", subject: TestCluster.group("Platform Team"),
                finds: ["warning group-is-a-display-name"]),
            Sample(
                name: "a name with an umlaut", subject: TestCluster.group("Größe"),
                finds: ["warning group-is-a-display-name"]),
            Sample(name: "a plain name", subject: TestCluster.group("ops"), finds: ["warning group-never-given"]),
            Sample(name: "Kubernetes' own group", subject: TestCluster.group("system:nodes"), finds: []),
            Sample(name: "kubeadm's group", subject: TestCluster.group("kubeadm:cluster-admins"), finds: []),
            Sample(name: "Kubernetes' own user", subject: TestCluster.user("system:kube-proxy"), finds: []),
            Sample(name: "a service account", subject: "{kind: ServiceAccount, name: Bot Two}", finds: []),
            Sample(name: "a UPN", subject: TestCluster.user(upn), finds: ["notice upn-can-be-given-again"]),
            Sample(
                name: "a UPN in lower case, where they are", kubernetes: lower, subject: TestCluster.user(upn),
                finds: ["notice upn-can-be-given-again"]),
            Sample(
                name: "a UPN in upper case, where they are lower", kubernetes: lower,
                subject: TestCluster.user("Alice@contoso.com"), finds: ["warning name-differs-in-case"]),
            Sample(
                name: "a UPN in upper case, where they are as in Entra", subject: TestCluster.user("Alice@contoso.com"),
                finds: ["notice upn-can-be-given-again"]),
            Sample(
                name: "a UPN where people are object IDs", kubernetes: oid, subject: TestCluster.user(upn),
                finds: ["warning user-never-named"]),
            Sample(
                name: "a guest's UPN", subject: TestCluster.user("bob_x.com#eXt#@contoso.com"),
                finds: ["warning guest-by-upn"]),
            Sample(
                name: "a guest's UPN without hash", subject: TestCluster.user("bob_x.com_EXT_@contoso.com"),
                finds: ["warning guest-by-upn"]),
            Sample(
                name: "a guest's UPN in upper case, where names are lower", kubernetes: lower,
                subject: TestCluster.user("Bob_x.com#EXT#@contoso.com"), finds: ["warning guest-by-upn"]),
            Sample(
                name: "a guest's UPN where people are object IDs", kubernetes: oid,
                subject: TestCluster.user("bob_x.com#EXT#@contoso.com"), finds: ["warning user-never-named"]),
            Sample(
                name: "an object ID of a user", subject: TestCluster.user(TestCluster.stranger),
                finds: ["notice object-id-of-a-user"]),
            Sample(
                name: "an object ID of a user where people are object IDs", kubernetes: oid,
                subject: TestCluster.user(TestCluster.stranger), finds: []),
            Sample(
                name: "an object ID of a user in upper case", kubernetes: oid,
                subject: TestCluster.user(TestCluster.stranger.uppercased()), finds: ["warning name-differs-in-case"]),
            Sample(
                name: "a UPN without the prefix", kubernetes: prefix, subject: TestCluster.user(upn),
                finds: ["warning user-never-named"]),
            Sample(
                name: "a UPN with the prefix in another case", kubernetes: prefix,
                subject: TestCluster.user("Entra:" + upn),
                finds: ["warning name-differs-in-case"]),
            Sample(
                name: "a UPN with the prefix", kubernetes: prefix, subject: TestCluster.user("entra:" + upn),
                finds: ["notice upn-can-be-given-again"]),
            Sample(
                name: "the same subject twice", subject: TestCluster.group("ops") + ", " + TestCluster.group("ops"),
                finds: ["warning group-never-given"]),
        ])
    func subjects(_ sample: Sample) throws {
        let cluster = try TestCluster.read(TestCluster.binding(sample.subject))
        #expect(try findings(cluster, kubernetes: sample.kubernetes) == sample.finds)
    }

    @Test("an object ID is a warning where neither guests nor applications may sign in")
    func objectIDs() throws {
        let cluster = try TestCluster.read(TestCluster.binding(TestCluster.user(TestCluster.stranger)))
        #expect(try findings(cluster, tenant: Self.usersOnly) == ["warning object-id-of-a-user"])
    }

    @Test("a display name that the file of names knows needs no space")
    func displayNames() throws {
        let cluster = try TestCluster.read(TestCluster.binding(TestCluster.group("ops")))
        let names = try DirectoryNames.parse(
            Array("{\"names\":{\"\(TestCluster.stranger)\":{\"displayName\":\"ops\",\"kind\":\"group\"}}}".utf8))
        #expect(try findings(cluster, displayNames: names) == ["warning group-is-a-display-name"])
    }

    @Test(
        "a role for everybody is a finding when it may do everything",
        arguments: ["system:authenticated", "system:unauthenticated"])
    func everybody(group: String) throws {
        let cluster = try TestCluster.read(
            TestCluster.binding(TestCluster.group(group), role: "cluster-admin"))
        #expect(try findings(cluster) == ["warning everybody-is-admin"])
        #expect(try findings(TestCluster.read(TestCluster.binding(TestCluster.group(group)))) == [])
    }

    @Test("a role that is not there")
    func roleMissing() throws {
        let cluster = try TestCluster.read(TestCluster.binding(TestCluster.group("developers"), role: "none"))
        #expect(try findings(cluster) == ["warning role-missing"])
    }

    @Test("admin groups need a ClusterRoleBinding to a role that may do everything")
    func adminGroups() throws {
        func isUnbound(_ bindings: String, tenant: String = TestCluster.standardTenant) throws -> Bool {
            let report = RBACLinter.report(
                try TestCluster.read(bindings), names: try TestCluster.names(tenant: tenant),
                displayNames: DirectoryNames())
            return report.findings.contains { $0.rule == .adminGroupUnbound }
        }
        let group = TestCluster.group("kube-entra:cluster-admins")
        #expect(try isUnbound(""))
        #expect(try isUnbound(TestCluster.binding(group)))
        #expect(try isUnbound(TestCluster.binding(group, role: "cluster-admin", namespace: "team-a")))
        #expect(try !isUnbound(TestCluster.binding(group, role: "cluster-admin")))
        #expect(try !isUnbound("", tenant: "subjects: [user]"))
    }

    @Test("an annotation with a reason silences its rule on its binding")
    func allowance() throws {
        func count(_ annotation: String) throws -> Int {
            let text = """
                ---
                kind: ClusterRoleBinding
                metadata: {name: b, annotations: {kube-entra.dev/lint-allow: "\(annotation)"}}
                roleRef: {kind: ClusterRole, name: reader}
                subjects: [\(TestCluster.group("ops"))]
                """
            return try findings(TestCluster.read(text)).count
        }
        #expect(try count("group-never-given these come by certificate") == 0)
        #expect(try count("group-never-given") == 1)
        #expect(try count("role-missing because") == 1)
        #expect(try count("role-missing because\\ngroup-never-given too") == 0)
    }

    @Test("the reference lists every rule with its purpose", arguments: RBACLintRule.allCases)
    func readme(rule: RBACLintRule) throws {
        let root = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
        let reference = String(decoding: try FileIO.read(root + "/deploy/reference/lint-rules.md"), as: UTF8.self)
        #expect(reference.contains("| `\(rule.rawValue)` | \(rule.purpose) |"))
    }
}
