import AccessPolicy
public import Entra
import Files
public import Terminal

extension TenantSettings {
    /// Object IDs of the groups that the configuration names.
    public var namedGroups: Set<GUID> {
        Set(policy.adminGroupObjectIDs + policy.groupMappings.map(\.groupObjectID))
    }

    /// All object IDs that the configuration names.
    public var namedObjectIDs: Set<GUID> {
        let denied = policy.denied.compactMap { entry -> GUID? in
            if case .objectID(let id) = entry.target { id } else { nil }
        }
        return namedGroups.union(policy.emergencyAccess.map(\.objectID)).union(denied)
    }
}

extension DirectoryNames {
    /// The names in an existing file; none if there is no file.
    ///
    /// - Throws: `CommandFailure` if the file is not a file of names, so that it is not overwritten.
    public static func existing(path: String) throws(CommandFailure) -> DirectoryNames {
        guard FileVersion(path: path) != nil else { return DirectoryNames() }
        do {
            return try load(path: path)
        } catch {
            throw CommandFailure("\(error.sentence); it is there and no file of names, so it stays as it is")
        }
    }

    /// Adds one tenant's answers.
    ///
    /// - Parameters:
    ///   - before: the names of the file so far, which deleted objects keep.
    ///   - groups: the IDs that the configuration uses as groups.
    public mutating func add(_ found: DirectoryNames, known before: DirectoryNames, groups: Set<GUID>) {
        for (id, entry) in found.entries {
            // An ID that one tenant does not know may belong to another.
            if entry.isDeleted, entries[id].map({ !$0.isDeleted }) ?? false { continue }
            let known = before.entries[id]
            entries[id] = Entry(
                displayName: entry.displayName ?? known?.displayName,
                kind: entry.kind ?? known?.kind ?? (groups.contains(id) ? .group : .user),
                isDeleted: entry.isDeleted)
        }
    }
}
