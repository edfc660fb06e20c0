public import Configuration
import DirectoryGroups
public import Entra
import NIOCore
import NIOPosix
import Terminal

extension DirectoryFactory {
    /// What Microsoft Graph currently knows about a tenant's objects; nil if the tenant has no directory.
    ///
    /// IDs that Graph does not know are listed as deleted.
    ///
    /// - Throws: `CommandFailure` if Microsoft Graph does not answer.
    public static func names(of ids: [GUID], tenant: TenantSettings) throws -> DirectoryNames? {
        guard var source = DirectorySource.forAnyUse(tenant) else { return nil }
        // A command has more time than a review.
        source.settings.timeout = max(source.settings.timeout, .seconds(30))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let configuration = directoryConfiguration(source, trust: tenant.trust)
        let lookup = DirectoryLookup(configuration: configuration, eventLoop: group.next())
        let objects: [DirectoryObject]
        do {
            objects = try lookup.objects(ids).wait()
        } catch {
            throw DirectoryFailure(source: source, configuration: configuration, isAboutNames: true).explained(error)
        }
        var names = DirectoryNames()
        for id in ids { names.entries[id] = DirectoryNames.Entry(displayName: nil, kind: nil, isDeleted: true) }
        for object in objects {
            names.entries[object.id] = DirectoryNames.Entry(
                displayName: object.displayName, kind: DirectoryNames.Entry.Kind(rawValue: object.type))
        }
        return names
    }
}
