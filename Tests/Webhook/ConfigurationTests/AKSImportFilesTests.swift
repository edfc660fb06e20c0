import AccessPolicy
import Configuration
import Entra
import Terminal
import TestSupport
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

    // MARK: Whole runs, from a file to files

    private static func run(
        _ text: String, named name: String? = nil, to destination: AKSImport.Destination, isReplacing: Bool = false,
        in folder: TemporaryFolder
    ) throws -> Bool {
        try folder.write("aks.json", text)
        return try AKSImport(tenantID: nil, cloud: nil, certificates: "certs").run(
            source: folder.path("aks.json"), named: name, destination: destination, isReplacing: isReplacing)
    }

    private static func configuration(_ name: String, in folder: TemporaryFolder) throws -> WebhookConfiguration {
        try ConfigurationLoader.load(path: folder.path(name)).configuration
    }

    @Test("one setup becomes one file, which is a configuration and is not replaced unasked")
    func oneFile() throws {
        try TemporaryFolder.with { folder throws in
            let list = "[\(Self.cluster("a")),\(Self.cluster("b"))]"
            let destination = AKSImport.Destination.file(folder.path("c.yaml"))
            #expect(try Self.run(list, to: destination, in: folder))
            let groups = try Self.configuration("c.yaml", in: folder).tenants[0].policy.adminGroupObjectIDs
            #expect(groups.map(\.description) == ["5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"])
            let failure = #expect(throws: CommandFailure.self) { try Self.run(list, to: destination, in: folder) }
            #expect(failure?.sentence.hasSuffix("; --force replaces it") == true)
            #expect(try Self.run(list, to: destination, isReplacing: true, in: folder))
        }
    }

    @Test("clusters with different admins never become one configuration; one of them can be chosen")
    func differentSetups() throws {
        try TemporaryFolder.with { folder throws in
            let other = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aee"
            let list = "[\(Self.cluster("a")),\(Self.cluster(nil, group: other))]"
            let destination = AKSImport.Destination.file(folder.path("c.yaml"))
            let failure = #expect(throws: CommandFailure.self) { try Self.run(list, to: destination, in: folder) }
            #expect(failure?.sentence.hasSuffix("Clusters: a, number 2") == true)
            #expect(folder.read("c.yaml") == "")
            #expect(try Self.run(list, named: "a", to: destination, in: folder))
            #expect(!folder.read("c.yaml").contains(other))
        }
    }

    @Test("a folder has a file for each cluster, and those that can be written are")
    func folder() throws {
        try TemporaryFolder.with { folder throws in
            let into = AKSImport.Destination.folder(folder.path("all/of them"))
            let list = "[\(Self.cluster("a")),\(Self.cluster("b", tenant: nil)),\(Self.cluster("c"))]"
            #expect(try Self.run(list, to: into, in: folder) == false)
            for (name, isThere) in [("a", true), ("b", false), ("c", true)] {
                #expect((folder.read("all/of them/\(name).yaml") != "") == isThere)
            }
            #expect(try Self.run("[\(Self.cluster("d"))]", to: into, in: folder))
            // A file that is there is kept, and the others are written.
            #expect(try Self.run("[\(Self.cluster("d")),\(Self.cluster("e"))]", to: into, in: folder) == false)
            #expect(folder.read("all/of them/e.yaml") != "")
        }
    }

    @Test("a file that does not exist, or cannot be read, is named")
    func missing() {
        let translation = AKSImport(tenantID: nil, cloud: nil, certificates: "certs")
        let failure = #expect(throws: CommandFailure.self) {
            try translation.run(source: "/no/such", named: nil, destination: .file(nil), isReplacing: false)
        }
        #expect(failure?.sentence == "/no/such: there is no such file")
    }
}
