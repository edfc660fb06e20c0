/// A group into which Kubernetes puts people or programs by itself: whoever binds it to a role gives the role to all of
/// them.
///
/// Source: Kubernetes documentation, "Using RBAC Authorization" and "Authenticating".
public enum BuiltInGroup: String, CaseIterable, Sendable {
    case authenticated
    case unauthenticated
    case serviceAccounts = "serviceaccounts"
    case nodes
    case bootstrappers

    /// The group of a name, compared byte by byte; nil if Kubernetes puts nobody into it.
    public init?(of name: String) {
        let group = BuiltInGroup.allCases.first { group in
            let own = "system:\(group.rawValue)"
            return name.utf8.elementsEqual(own.utf8)
                || (group.hasParts && name.utf8.starts(with: "\(own):".utf8))
        }
        guard let group else { return nil }
        self = group
    }

    /// Whether there are groups for a part of its members, such as `system:serviceaccounts:NAMESPACE`.
    private var hasParts: Bool {
        switch self {
        case .serviceAccounts, .bootstrappers: true
        case .authenticated, .unauthenticated, .nodes: false
        }
    }

    /// Who is in it.
    public var members: String {
        switch self {
        case .authenticated: "everybody who is signed in"
        case .unauthenticated: "everybody who is not signed in"
        case .serviceAccounts: "service accounts, as which pods sign in,"
        case .nodes: "all nodes"
        case .bootstrappers: "whoever has a bootstrap token"
        }
    }

    /// A regular expression (ECMA 262) that matches the names, and no other.
    public static var pattern: String {
        let names = allCases.map { $0.hasParts ? "\($0.rawValue)(:.*)?" : $0.rawValue }
        return "^system:(\(names.joined(separator: "|")))$"
    }
}
