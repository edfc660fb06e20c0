import ClusterAccess
import Configuration
import Jansson
import PolicyChecks
import RBAC
import Terminal
import TestSupport
import Testing

@Suite("What a change of the configuration means, with a cluster or without")
struct AccessDiffTests {
    private static let viewers = "appRoleMappings: [{appRole: Cluster.Viewer, kubernetesGroups: [viewers]}]"
    private static let readers = "appRoleMappings: [{appRole: Cluster.Viewer, kubernetesGroups: [readers]}]"

    private static func configuration(_ fields: String, names: String? = nil) throws -> LoadedConfiguration {
        let text = """
            apiVersion: kube-entra.dev/v1
            kind: WebhookConfiguration
            server: {certificate: server.crt, privateKey: server.key, clientCA: ca.crt}
            tenants:
              - tenantID: \(TestCluster.tenant)
                audiences: [aaaaaaaa-0000-0000-0000-000000000000]
                adminGroupObjectIDs: [\(TestCluster.admins)]
                \(fields)
            \(names.map { "names: \($0)" } ?? "")
            """
        return try ConfigurationLoader.parse(Array(text.utf8), path: "test.yaml")
    }

    private static func diff(
        _ before: LoadedConfiguration, _ after: LoadedConfiguration, bindings: String? = nil
    ) throws -> AccessDiff {
        AccessDiff(
            from: before, to: after, principals: [], cluster: try bindings.map { try TestCluster.read($0) },
            now: TestCluster.now)
    }

    private static func text(_ diff: AccessDiff, as format: DiffFormat) -> String {
        switch diff.formatted(as: format) {
        case .text(let text): text
        case .json(let json): json.text()
        }
    }

    @Test("the same configuration twice is no difference, in every format", arguments: DiffFormat.allCases)
    func same(_ format: DiffFormat) throws {
        let configuration = try Self.configuration(Self.viewers)
        let diff = try Self.diff(configuration, configuration)
        #expect(diff.isEmpty && diff.notes.isEmpty)
        #expect(!Self.text(diff, as: format).contains("Cluster.Viewer"))
    }

    @Test("without a cluster no permission is compared, with one every format has them", arguments: DiffFormat.allCases)
    func permissions(_ format: DiffFormat) throws {
        let before = try Self.configuration(Self.viewers)
        let after = try Self.configuration(Self.readers)
        let alone = try Self.diff(before, after)
        let bound = try Self.diff(before, after, bindings: TestCluster.binding(TestCluster.group("readers")))
        #expect(!alone.isEmpty && !bound.isEmpty)
        let words = format == .json ? #""resources":["pods"]"# : "pods"
        #expect(!Self.text(alone, as: format).contains(words))
        #expect(Self.text(bound, as: format).contains(words), "\(Self.text(bound, as: format))")
        #expect(Self.text(bound, as: format).contains("Cluster.Viewer"))
    }

    @Test("the JSON of a cluster has the members of the JSON without one, and its permissions")
    func json() throws {
        let before = try Self.configuration(Self.viewers)
        let after = try Self.configuration(Self.readers)
        func names(_ bindings: String?) throws -> [String] {
            guard
                case .json(.object(let members)) = try Self.diff(before, after, bindings: bindings).formatted(as: .json)
            else { return [] }
            return members.map(\.0)
        }
        #expect(try names("") == names(nil) + ["permissions"])
    }

    @Test("object IDs have their names, of the new configuration first; unreadable names are a remark")
    func names() throws {
        try TemporaryFolder.with { folder throws in
            func write(_ file: String, _ name: String) throws -> String {
                try folder.write(file, #"{"names": {"\#(TestCluster.developers)": {"displayName": "\#(name)"}}}"#)
                return folder.path(file)
            }
            let mapping = "groupMappings: [{groupObjectID: \(TestCluster.developers), kubernetesGroups: [builders]}]"
            let before = try Self.configuration(mapping, names: try write("old.json", "Old name"))
            let after = try Self.configuration(Self.viewers, names: try write("new.json", "New name"))
            let diff = try Self.diff(before, after)
            #expect(Self.text(diff, as: .text).contains("\(TestCluster.developers) (New name)"))
            #expect(Self.text(diff, as: .markdown).contains("New name"))
            #expect(!Self.text(diff, as: .json).contains("name\""))
            let broken = try Self.configuration(Self.viewers, names: folder.path("none.json"))
            #expect(try Self.diff(before, broken).notes.contains { $0.contains("none.json") })
            #expect(Self.text(try Self.diff(before, broken), as: .text).contains("(Old name)"))
        }
    }
}
