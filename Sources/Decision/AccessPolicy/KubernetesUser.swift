/// One entry of a Kubernetes user's `extra`.
public struct ExtraEntry: Hashable, Sendable {
    public var name: String
    public var values: [String]

    public init(name: String, values: [String]) {
        self.name = name
        self.values = values
    }
}

/// Whom the API server is told.
public struct KubernetesUser: Hashable, Sendable {
    public var username: String
    public var uid: String
    /// Without repetition: admin groups, mapped groups, app-role groups, emergency groups, then object IDs.
    public var groups: [String]
    public var extra: [ExtraEntry]

    public init(username: String, uid: String, groups: [String], extra: [ExtraEntry]) {
        self.username = username
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }
}
