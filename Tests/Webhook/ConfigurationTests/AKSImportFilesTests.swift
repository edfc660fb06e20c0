import Configuration
import Entra
import Terminal
import Testing

@Suite("Importing the clusters of AKS")
struct AKSImportFilesTests {
    static let tenant = "11111111-2222-3333-4444-555555555555"

    static func cluster(
        _ name: String?, group: String = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed", tenant: String? = tenant
    ) -> String {
        let named = name.map { "\"name\":\"\($0)\"," } ?? ""
        let ID = tenant.map { "\"tenantID\":\"\($0)\"," } ?? ""
        return "{\(named)\"aadProfile\":{\"managed\":true,\(ID)\"adminGroupObjectIDs\":[\"\(group)\"]}}"
    }

    static func read(_ text: String, named: String? = nil) throws -> [AKSCluster] {
        try AKSImport.clusters(in: Array(text.utf8), from: "input", named: named).clusters
    }

    @Test("clusters with the same settings are one setup, others are their own")
    func setups() throws {
        let other = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aee"
        let list = [Self.cluster("a"), Self.cluster("b"), Self.cluster("c", group: other)].joined(separator: ",")
        let setups = try AKSImport.setups(of: try Self.read("[\(list)]"))
        #expect(setups.map(\.name) == ["a", "c"])
    }

    @Test(
        "each cluster has a file of its own, named after it where its name can name one",
        arguments: [
            (["a", "b"], ["a", "b"]), (["a", "a"], ["a", "a-2"]),
            (["../x", ".y", "a b"], ["cluster-1", "cluster-2", "cluster-3"]),
            ([nil, "cluster-1"], ["cluster-1", "cluster-1-2"]),
        ] as [([String?], [String])])
    func fileNames(names: [String?], files: [String]) throws {
        let list = names.map { Self.cluster($0) }.joined(separator: ",")
        #expect(AKSImport.fileNames(of: try Self.read("[\(list)]")) == files)
    }

    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        var wanted: String?
        let sentence: String
        var testDescription: String { name }
    }

    @Test(
        "input that is not a list of clusters is refused",
        arguments: [
            Sample(name: "nothing", text: " \n", sentence: "there is nothing here"),
            Sample(name: "no JSON", text: "ERROR: az login", sentence: "input: "),
            Sample(name: "no profile", text: "{}", sentence: "there is no aadProfile"),
            Sample(name: "no cluster of that name", text: cluster("a"), wanted: "b", sentence: "there is \"a\""),
        ])
    func refused(_ sample: Sample) {
        let failure = #expect(throws: CommandFailure.self) { try Self.read(sample.text, named: sample.wanted) }
        #expect(failure?.sentence.contains(sample.sentence) == true, "\(failure?.sentence ?? "")")
    }

    @Test("a tenant that no profile names must come from the command line")
    func tenants() throws {
        let cluster = try Self.read(Self.cluster("a", tenant: nil))[0]
        var translation = AKSImport(tenantID: nil, cloud: nil, certificates: "certs")
        let failure = #expect(throws: CommandFailure.self) { try translation.configuration(of: cluster) }
        #expect(failure?.sentence == "a: the profile does not name the tenant: give --tenant-id")
        translation.tenantID = GUID(Self.tenant)
        #expect(try translation.configuration(of: cluster).text.contains(Self.tenant))
    }
}
