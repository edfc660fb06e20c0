/// The kind of subject that a token authenticates. The raw value is the one of `tenants[].subjects`.
public enum SubjectKind: String, Sendable, CaseIterable {
    case user
    case guest
    case app
    case managedIdentity
    case agent
    case device
    /// An `idtyp` that this version does not know. It is never allowed.
    case unknown
}

/// A token's format (`ver`). It depends on the resource application, not on the endpoint that issued the token.
public enum TokenVersion: String, Sendable, CaseIterable {
    case v1 = "1.0"
    case v2 = "2.0"
}
