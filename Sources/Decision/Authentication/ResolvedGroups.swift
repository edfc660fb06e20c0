public import Entra
public import Timestamps

/// The directory's answer about the groups of a principal whose token cannot list them.
public struct ResolvedGroups: Hashable, Sendable {
    /// Object IDs of all groups, direct and transitive.
    public var groups: [GUID]
    /// From this time on the directory must be asked again.
    public var freshUntil: Timestamp

    public init(groups: [GUID], freshUntil: Timestamp) {
        self.groups = groups
        self.freshUntil = freshUntil
    }
}
