import RBAC
import Testing

@Suite struct PolicyRuleTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let rule: PolicyRule
        let question: AccessQuestion
        let isAllowed: Bool
        var testDescription: String { name }
    }

    private static func rule(
        _ verbs: [String], _ groups: [String], _ resources: [String], names: [String] = [], urls: [String] = []
    ) -> PolicyRule {
        PolicyRule(verbs: verbs, apiGroups: groups, resources: resources, resourceNames: names, nonResourceURLs: urls)
    }

    private static func ask(
        _ verb: String, _ resource: String, group: String = "", sub: String = "", name: String = ""
    ) -> AccessQuestion {
        .resource(verb: verb, group: group, resource: resource, subresource: sub, name: name)
    }

    @Test(
        "a rule allows what Kubernetes says it allows",
        arguments: [
            Sample(
                name: "what stands there", rule: rule(["get"], [""], ["pods"]), question: ask("get", "pods"),
                isAllowed: true),
            Sample(
                name: "another verb", rule: rule(["get"], [""], ["pods"]), question: ask("list", "pods"),
                isAllowed: false),
            Sample(
                name: "another group", rule: rule(["get"], [""], ["pods"]), question: ask("get", "pods", group: "x"),
                isAllowed: false),
            Sample(
                name: "stars", rule: rule(["*"], ["*"], ["*"]), question: ask("get", "pods", sub: "log"),
                isAllowed: true),
            Sample(
                name: "a star is asked for and is there", rule: rule(["*"], ["*"], ["*"]), question: .everything,
                isAllowed: true),
            Sample(
                name: "a star is asked for and a verb is there", rule: rule(["get"], ["*"], ["*"]),
                question: .everything,
                isAllowed: false),
            Sample(
                name: "a resource does not give its subresource", rule: rule(["get"], [""], ["pods"]),
                question: ask("get", "pods", sub: "log"), isAllowed: false),
            Sample(
                name: "a subresource does not give its resource", rule: rule(["get"], [""], ["pods/log"]),
                question: ask("get", "pods"), isAllowed: false),
            Sample(
                name: "a subresource of every resource", rule: rule(["update"], ["*"], ["*/scale"]),
                question: ask("update", "deployments", group: "apps", sub: "scale"), isAllowed: true),
            Sample(
                name: "a subresource of every resource is no other", rule: rule(["update"], ["*"], ["*/scale"]),
                question: ask("update", "deployments", group: "apps", sub: "status"), isAllowed: false),
            Sample(
                name: "every name, where one is allowed", rule: rule(["get"], [""], ["pods"], names: ["a"]),
                question: ask("get", "pods"), isAllowed: false),
            Sample(
                name: "the name that is allowed", rule: rule(["get"], [""], ["pods"], names: ["a"]),
                question: ask("get", "pods", name: "a"), isAllowed: true),
            Sample(
                name: "a name, where all are allowed", rule: rule(["get"], [""], ["pods"]),
                question: ask("get", "pods", name: "a"), isAllowed: true),
            Sample(
                name: "the API server compares the name of a create too",
                rule: rule(["create"], [""], ["pods"], names: ["a"]),
                question: ask("create", "pods", name: "a"), isAllowed: true),
            Sample(
                name: "the same letter in other bytes", rule: rule(["get"], [""], ["pods"], names: ["\u{E9}"]),
                question: ask("get", "pods", name: "e\u{301}"), isAllowed: false),
            Sample(
                name: "a path", rule: rule(["get"], [], [], urls: ["/healthz"]),
                question: .path(verb: "get", path: "/healthz"),
                isAllowed: true),
            Sample(
                name: "a path below", rule: rule(["get"], [], [], urls: ["/healthz"]),
                question: .path(verb: "get", path: "/healthz/x"), isAllowed: false),
            Sample(
                name: "a path by a star", rule: rule(["get"], [], [], urls: ["/api/*"]),
                question: .path(verb: "get", path: "/api/v1"), isAllowed: true),
            Sample(
                name: "a path before a star", rule: rule(["get"], [], [], urls: ["/api/*"]),
                question: .path(verb: "get", path: "/api"), isAllowed: false),
            Sample(
                name: "stars at the end are one", rule: rule(["get"], [], [], urls: ["/api**"]),
                question: .path(verb: "get", path: "/apis"), isAllowed: true),
            Sample(
                name: "a star in the middle is a character", rule: rule(["get"], [], [], urls: ["/a/*/b"]),
                question: .path(verb: "get", path: "/a/x/b"), isAllowed: false),
            Sample(
                name: "resources give no path", rule: rule(["*"], ["*"], ["*"]),
                question: .path(verb: "get", path: "/"),
                isAllowed: false),
        ])
    func answers(_ sample: Sample) {
        #expect(sample.rule.allows(sample.question) == sample.isAllowed)
    }

    struct Way: Sendable, CustomTestStringConvertible {
        let name: String
        let rule: PolicyRule
        let ways: [WayToMore]
        var testDescription: String { name }
    }

    private static let rbac = "rbac.authorization.k8s.io"

    @Test(
        "a rule that lets its holder gain more is recognized",
        arguments: [
            Way(
                name: "everything is all three", rule: rule(["*"], ["*"], ["*"]),
                ways: [.bind, .escalate, .impersonate]),
            Way(name: "impersonate users", rule: rule(["impersonate"], [""], ["users"]), ways: [.impersonate]),
            Way(
                name: "impersonate one key of extra",
                rule: rule(["impersonate"], ["authentication.k8s.io"], ["userextras/scopes"]),
                ways: [.impersonate]),
            Way(name: "impersonate pods means nothing", rule: rule(["impersonate"], [""], ["pods"]), ways: []),
            Way(name: "bind cluster roles", rule: rule(["bind"], [rbac], ["clusterroles"]), ways: [.bind]),
            Way(name: "escalate roles", rule: rule(["escalate", "get"], [rbac], ["roles"]), ways: [.escalate]),
            Way(name: "every verb on roles", rule: rule(["*"], [rbac], ["roles"]), ways: [.bind, .escalate]),
            Way(name: "bind in another group means nothing", rule: rule(["bind"], ["apps"], ["roles"]), ways: []),
            Way(name: "every verb on pods", rule: rule(["*"], [""], ["pods"]), ways: []),
            Way(name: "every verb on paths", rule: rule(["*"], [], [], urls: ["*"]), ways: []),
        ])
    func waysToMore(_ way: Way) {
        #expect(way.rule.waysToMore == way.ways)
    }

    @Test("aggregation is transitive, and labels decide")
    func aggregation() throws {
        func role(_ name: String, _ labels: [String: String] = [:], _ selectors: [LabelSelector]? = nil) -> Role {
            Role(
                ObjectName(.clusterRole, name: name), rules: [Self.rule([name], [""], ["pods"])], labels: labels,
                aggregates: selectors)
        }
        let isIn = { (key: String, value: String) in
            LabelSelector([LabelSelector.Requirement(key: key, op: .isIn, values: [value])])
        }
        let cluster = try Cluster(
            roles: [
                role("top", [:], [isIn("to", "top")]), role("middle", ["to": "top"], [isIn("to", "middle")]),
                role("low", ["to": "middle"], [isIn("to", "top")]), role("other"),
            ], bindings: [])
        func verbs(_ index: Int) -> [String] { cluster.rules(of: index).flatMap(\.verbs).sorted() }
        #expect(verbs(0) == ["low", "middle", "top"])
        #expect(verbs(1) == ["low", "middle"])
        #expect(verbs(2) == ["low", "middle"])
        #expect(verbs(3) == ["other"])
        #expect(cluster.answers(Self.ask("low", "pods")) == [true, true, true, false])
    }

    private static func manyRoles(_ count: Int, _ selector: (Int) -> LabelSelector) -> [Role] {
        (0..<count).map { index in
            Role(
                ObjectName(.clusterRole, name: "r\(index)"),
                rules: index == count - 1 ? [rule(["get"], [""], ["pods"])] : [],
                labels: ["place": "\(index)", "all": "yes"], aggregates: [selector(index)])
        }
    }

    @Test("thousands of roles that aggregate each other are looked at once each, in rings and in chains")
    func manyAggregations() throws {
        let count = 20_000
        let ring = try Cluster(
            roles: Self.manyRoles(count) { _ in
                LabelSelector([LabelSelector.Requirement(key: "all", op: .isIn, values: ["yes"])])
            }, bindings: [])
        let chain = try Cluster(
            roles: Self.manyRoles(count) { index in
                LabelSelector([LabelSelector.Requirement(key: "place", op: .isIn, values: ["\(index + 1)"])])
            }, bindings: [])
        for cluster in [ring, chain] {
            #expect(cluster.answers(Self.ask("get", "pods")).allSatisfy { $0 })
            #expect(Array(cluster.rules(of: 0)).count == 1)
        }
        #expect(Array(chain.rules(of: count - 1)).count == 1)
    }

    @Test("selectors that no index helps with end the reading when they are too many")
    func tooManyAggregations() {
        let error = #expect(throws: ClusterError.self) {
            try Cluster(
                roles: Self.manyRoles(2_000) { index in
                    LabelSelector([LabelSelector.Requirement(key: "place", op: .notIn, values: ["\(index)"])])
                }, bindings: [])
        }
        let sentence = "the cluster: too many ClusterRoles are selected by the aggregationRule of others"
        #expect(error?.description == sentence)
    }
}
