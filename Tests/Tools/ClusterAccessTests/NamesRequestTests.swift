import ClusterAccess
import Configuration
import Entra
import Terminal
import TestSupport
import Testing

@Suite("Fetching the names of object IDs")
struct NamesRequestTests {
    private static let otherTenant = "99999999-2222-3333-4444-555555555555"

    /// The files of a run, in a folder of their own.
    private struct Files {
        let folder: TemporaryFolder

        init(tenants: [String] = [TestCluster.tenant]) throws {
            folder = try TemporaryFolder()
            let entries = tenants.map { id in
                """
                  - tenantID: \(id)
                    audiences: [aaaaaaaa-0000-0000-0000-000000000000]
                    adminGroupObjectIDs: [\(TestCluster.admins)]
                    groupMappings: [{groupObjectID: \(TestCluster.developers), kubernetesGroups: [developers]}]
                """
            }
            try folder.write(
                "c.yaml",
                """
                apiVersion: kube-entra.dev/v1
                kind: WebhookConfiguration
                server: {certificate: server.crt, privateKey: server.key, clientCA: ca.crt}
                tenants:
                \(entries.joined(separator: "\n"))
                """)
        }

        var written: DirectoryNames? { try? DirectoryNames.load(path: folder.path("names.json")) }

        /// What was asked and said. The directory knows these names and no others, and each tenant in `without` has none.
        func fetch(
            _ known: [String: DirectoryNames.Entry], cluster: [String] = [], without: Set<String> = []
        ) throws -> (asked: [[String]], notes: [String]) {
            var asked: [[String]] = []
            var notes: [String] = []
            let request = try NamesRequest(
                config: folder.path("c.yaml"), cluster: cluster.map(folder.path), path: folder.path("names.json"))
            try request.run(now: TestCluster.now, note: { notes.append($0) }) { ids, tenant in
                guard !without.contains(tenant.trust.tenantID.description) else { return nil }
                asked.append(ids.map(\.description))
                var names = DirectoryNames()
                for id in ids {
                    names.entries[id] =
                        known[id.description] ?? DirectoryNames.Entry(displayName: nil, kind: nil, isDeleted: true)
                }
                return names
            }
            return (asked, notes)
        }
    }

    private static func group(_ name: String?, isDeleted: Bool = false) -> DirectoryNames.Entry {
        DirectoryNames.Entry(displayName: name, kind: .group, isDeleted: isDeleted)
    }

    @Test("the IDs of a configuration are asked for once, and their names written")
    func names() throws {
        let files = try Files()
        let (asked, notes) = try files.fetch([
            TestCluster.admins: Self.group("Platform"), TestCluster.developers: Self.group("D\u{E9}veloppeurs"),
        ])
        #expect(asked == [[TestCluster.admins, TestCluster.developers]])
        #expect(notes == ["wrote \(files.folder.path("names.json")): 2 known, 0 deleted"])
        let names = try #require(files.written)
        #expect(names.displayName(of: GUID(TestCluster.admins)) == "Platform")
        #expect(names.displayName(of: GUID(TestCluster.developers)) == "D\u{E9}veloppeurs")
    }

    @Test("an ID that Entra no longer knows keeps its name, and is said to be deleted")
    func deleted() throws {
        let files = try Files()
        _ = try files.fetch([
            TestCluster.admins: Self.group("Platform"), TestCluster.developers: Self.group("Developers"),
        ])
        let (_, notes) = try files.fetch([TestCluster.developers: Self.group("Builders")])
        #expect(
            notes == [
                "kube-entra: Entra does not know \(TestCluster.admins) (Platform, deleted in Entra)",
                "wrote \(files.folder.path("names.json")): 1 known, 1 deleted",
            ])
        let names = try #require(files.written)
        #expect(try names.entries[#require(GUID(TestCluster.admins))] == Self.group("Platform", isDeleted: true))
        #expect(names.displayName(of: GUID(TestCluster.developers)) == "Builders")
    }

    @Test("what a cluster binds is asked for as well, and remarks about its files are passed on")
    func bound() throws {
        let files = try Files()
        try files.folder.write("roles.yaml", TestCluster.binding(TestCluster.user(TestCluster.stranger)))
        let (asked, _) = try files.fetch([:], cluster: ["roles.yaml"])
        #expect(asked == [[TestCluster.stranger, TestCluster.admins, TestCluster.developers].sorted()])
        #expect(throws: (any Error).self) { try files.fetch([:], cluster: ["none.yaml"]) }
    }

    @Test("a tenant without a directory is named; without any, nothing is written")
    func withoutDirectory() throws {
        let files = try Files(tenants: [TestCluster.tenant, Self.otherTenant])
        let (asked, notes) = try files.fetch([:], without: [Self.otherTenant])
        #expect(asked.count == 1)
        #expect(
            notes.contains(
                "kube-entra: tenant \(Self.otherTenant) has no directory, so nothing is asked of it"))
        let alone = try Files()
        let failure = #expect(throws: CommandFailure.self) { try alone.fetch([:], without: [TestCluster.tenant]) }
        #expect(failure?.sentence == "no tenant has a directory to ask")
        #expect(alone.written == nil)
    }

    @Test("a file of another kind is not replaced, and nobody is asked")
    func anotherFile() throws {
        let files = try Files()
        try files.folder.write("names.json", #"{"other": 1}"#)
        let failure = #expect(throws: CommandFailure.self) {
            try files.fetch([TestCluster.admins: Self.group("Platform")])
        }
        #expect(failure?.sentence.contains("names.json") == true)
        #expect(files.folder.read("names.json") == #"{"other": 1}"#)
    }

    @Test("what the directory's answer throws leaves the file as it is")
    func failure() throws {
        let files = try Files()
        _ = try files.fetch([TestCluster.admins: Self.group("Platform")])
        let before = files.folder.read("names.json")
        let request = try NamesRequest(
            config: files.folder.path("c.yaml"), cluster: [], path: files.folder.path("names.json"))
        #expect(throws: CommandFailure("no answer")) {
            try request.run(now: TestCluster.now, note: { _ in }) { _, _ in throw CommandFailure("no answer") }
        }
        #expect(files.folder.read("names.json") == before)
    }
}
