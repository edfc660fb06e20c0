public import EntraTokens
public import Timestamps

/// What the directory says about the groups of a principal whose token cannot list them.
public struct ResolvedGroups: Hashable, Sendable {
    public var groups: [GUID]
    /// From then on the directory must be asked again.
    public var freshUntil: Timestamp

    public init(groups: [GUID], freshUntil: Timestamp) {
        self.groups = groups
        self.freshUntil = freshUntil
    }
}
