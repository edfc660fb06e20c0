/// Who a token speaks for.
public enum SubjectKind: String, Sendable, CaseIterable {
    case user
    case guest
    case app
    case managedIdentity
    case agent
    case device
    /// An `idtyp` that this version does not know; never allowed.
    case unknown
}

/// A token's format, which follows the resource application and not the endpoint that was called.
public enum TokenVersion: String, Sendable, CaseIterable {
    case v1 = "1.0"
    case v2 = "2.0"
}
