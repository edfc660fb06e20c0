import ClusterAccess
import Configuration
import Entra
import Jansson
import RBAC
import Testing

@Suite struct AccessReportTests {
    private func who(
        _ verb: String, _ resource: String, in namespace: String? = nil, name: String? = nil, _ bindings: String,
        tenant: String = TestCluster.standardTenant, kubernetes: String = ""
    ) throws -> (who: [String], others: [String]) {
        let question = try QuestionText(
            verb: verb, resource: resource, subresource: nil, name: name, namespace: namespace)
        let report = AccessReport(
            question.question, cluster: try TestCluster.read(bindings),
            names: try TestCluster.names(tenant: tenant, kubernetes: kubernetes))
        return (
            report.who.map { entry in
                let id = entry.holder.objectID?.description ?? entry.holder.appRole ?? entry.holder.username ?? ""
                return
                    "\(entry.holder.kind.rawValue) \(id) \(entry.paths.map { $0.namespace ?? "*" }.joined(separator: ","))"
            },
            report.others.map { "\($0.subject.kind.rawValue) \($0.subject.namespace ?? "")/\($0.subject.name)" }
        )
    }

    @Test("a group has what its Kubernetes groups and its own object ID have")
    func groups() throws {
        let byName = TestCluster.binding(TestCluster.group("developers"))
        #expect(try who("get", "pods", byName).who == ["group \(TestCluster.developers) *"])
        let byID = TestCluster.binding(TestCluster.group(TestCluster.developers), namespace: "a")
        #expect(try who("get", "pods", byName + byID).who == ["group \(TestCluster.developers) *,a"])
        #expect(try who("get", "pods", byID, kubernetes: "groupObjectIDs: drop").who == [])
        let stranger = TestCluster.binding(TestCluster.group(TestCluster.stranger))
        #expect(try who("get", "pods", stranger).who == ["group \(TestCluster.stranger) *"])
    }

    @Test("app roles, emergencies that last, single people and everybody")
    func holders() throws {
        let subjects = ["viewers", "rescuers", "past", "system:authenticated", "system:unauthenticated"]
            .map { TestCluster.group($0) }.joined(separator: ", ")
        let people = ["alice@contoso.com", TestCluster.stranger, "jane", "system:kube-proxy"]
            .map { TestCluster.user($0) }.joined(separator: ", ")
        let answer = try who(
            "get", "pods", TestCluster.binding("\(subjects), \(people), {kind: ServiceAccount, name: s, namespace: n}"))
        #expect(
            answer.who == [
                "appRole Cluster.Viewer *", "emergencyAccess \(TestCluster.rescuer) *",
                "user alice@contoso.com *", "user \(TestCluster.stranger) *", "everybody  *",
            ])
        #expect(
            answer.others == [
                "Group /past", "Group /system:unauthenticated", "ServiceAccount n/s", "User /jane",
                "User /system:kube-proxy",
            ])
    }

    @Test("a namespace leaves out the others; without one, all are there")
    func namespaces() throws {
        let bindings =
            TestCluster.binding(TestCluster.group("developers"), namespace: "a")
            + TestCluster.binding(TestCluster.group("developers"), namespace: "b")
            + TestCluster.binding(TestCluster.group("viewers"))
        #expect(
            try who("get", "pods", in: "a", bindings).who
                == ["group \(TestCluster.developers) a", "appRole Cluster.Viewer *"])
        #expect(
            try who("get", "pods", bindings).who
                == ["group \(TestCluster.developers) a,b", "appRole Cluster.Viewer *"])
        #expect(try who("get", "/metrics", bindings).who == ["appRole Cluster.Viewer *"])
    }

    @Test("system:masters can do everything without any binding")
    func masters() throws {
        let tenant = "groupMappings: [{groupObjectID: \(TestCluster.developers), kubernetesGroups: ['system:masters']}]"
        #expect(try who("*", "*.*", "", tenant: tenant).who == ["group \(TestCluster.developers) *"])
        #expect(try who("get", "/metrics", "", tenant: tenant).who == ["group \(TestCluster.developers) *"])
    }

    struct Question: Sendable, CustomTestStringConvertible {
        let resource: String
        var subresource: String?
        var name: String?
        var namespace: String?
        let becomes: String?
        var testDescription: String { resource + (subresource.map { " --subresource \($0)" } ?? "") }
    }

    @Test(
        "who may do something is answered for every kind of question",
        arguments: [
            Question(resource: "pods", becomes: "get pods . "),
            Question(resource: "pods/log", becomes: "get pods . log"),
            Question(resource: "pods", subresource: "log", becomes: "get pods . log"),
            Question(resource: "pods/log", subresource: "log", becomes: "get pods . log"),
            Question(resource: "pods/log", subresource: "exec", becomes: nil),
            Question(resource: "pods/", becomes: nil),
            Question(resource: "deployments", becomes: "get deployments .apps "),
            Question(resource: "deployments.apps/scale", becomes: "get deployments .apps scale"),
            Question(resource: "events", becomes: "get events . "),
            Question(resource: "widgets.example.com", becomes: "get widgets .example.com "),
            Question(resource: "widgets", becomes: "get widgets . "),
            Question(resource: "*.*", becomes: "get * .* "),
            Question(resource: "*", becomes: "get * . "),
            Question(resource: "/metrics", becomes: "get /metrics"),
            Question(resource: "/metrics", namespace: "a", becomes: nil),
            Question(resource: "/metrics", name: "a", becomes: nil),
            Question(resource: "pod", becomes: nil),
            Question(resource: "deploy", becomes: nil),
            Question(resource: "Pods", becomes: nil),
            Question(resource: "", becomes: nil),
            Question(resource: "pods", name: "", becomes: nil),
            Question(resource: "pods", namespace: "", becomes: nil),
        ])
    func questions(_ sample: Question) {
        let text = try? QuestionText(
            verb: "get", resource: sample.resource, subresource: sample.subresource, name: sample.name,
            namespace: sample.namespace)
        let words: String? =
            switch text?.question.asked {
            case .resource(let verb, let group, let resource, let subresource, _):
                "\(verb) \(resource) .\(group) \(subresource)"
            case .path(let verb, let path): "\(verb) \(path)"
            case nil: nil
            }
        #expect(words == sample.becomes)
    }
}
