import Configuration
import Entra
import Testing

@Suite("Display names from several tenants")
struct FetchedNamesTests {
    static let id = GUID("5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed") ?? .zero

    static func names(_ name: String?, _ kind: DirectoryNames.Entry.Kind? = nil, isDeleted: Bool = false)
        -> DirectoryNames
    {
        var names = DirectoryNames()
        names.entries[id] = DirectoryNames.Entry(displayName: name, kind: kind, isDeleted: isDeleted)
        return names
    }

    @Test("an object that one tenant knows is not deleted, whatever the others say, in either order")
    func oneTenantKnows() {
        for answers in [
            [Self.names("ops", .group), Self.names(nil, isDeleted: true)],
            [Self.names(nil, isDeleted: true), Self.names("ops", .group)],
        ] {
            var names = DirectoryNames()
            for answer in answers { names.add(answer, known: DirectoryNames(), groups: []) }
            #expect(names.entries[Self.id] == DirectoryNames.Entry(displayName: "ops", kind: .group, isDeleted: false))
        }
    }

    @Test("a deleted object keeps the name that the file had")
    func deleted() {
        var names = DirectoryNames()
        names.add(Self.names(nil, isDeleted: true), known: Self.names("old", .user), groups: [Self.id])
        #expect(names.entries[Self.id] == DirectoryNames.Entry(displayName: "old", kind: .user, isDeleted: true))
    }

    @Test("the kind of an object that nobody knows is what the configuration uses it for")
    func kinds() {
        for (groups, kind) in [([Self.id] as Set<GUID>, DirectoryNames.Entry.Kind.group), ([], .user)]
            as [(Set<GUID>, DirectoryNames.Entry.Kind)]
        {
            var names = DirectoryNames()
            names.add(Self.names(nil, isDeleted: true), known: DirectoryNames(), groups: groups)
            #expect(names.entries[Self.id]?.kind == kind)
        }
    }
}
