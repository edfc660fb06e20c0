public import Entra
public import SafeText
public import Timestamps

/// A principal, or a set of principals, to whom Entra and the configuration give names in the cluster.
public struct EntraHolder: Sendable {
    /// What identifies the principals.
    public enum Kind: String, Sendable, CaseIterable {
        case group
        case appRole
        case emergencyAccess
        /// A single name in a binding.
        case user
        /// Everybody who signed in.
        case everybody
    }

    /// What identifies the principals.
    public var kind: Kind
    /// Nil for principals of any tenant.
    public var tenantID: GUID?
    /// The object ID of the group, user or service principal; nil for other kinds.
    public var objectID: GUID?
    /// The value of the app role; nil for other kinds.
    public var appRole: String?
    /// The user name in the cluster; nil for other kinds.
    public var username: String?
    /// When emergency access ends.
    public var until: Timestamp?

    public init(
        _ kind: Kind, tenantID: GUID? = nil, objectID: GUID? = nil, appRole: String? = nil, username: String? = nil,
        until: Timestamp? = nil
    ) {
        self.kind = kind
        self.tenantID = tenantID
        self.objectID = objectID
        self.appRole = appRole
        self.username = username
        self.until = until
    }

    /// Identifies a holder, regardless of when its emergency access ends. Strings are compared byte by byte.
    struct Identity: Hashable {
        let kind: Kind
        let tenantID: GUID?
        let objectID: GUID?
        let text: [UInt8]
    }

    var identity: Identity {
        Identity(
            kind: kind, tenantID: tenantID, objectID: kind == .user ? nil : objectID,
            text: Array((appRole ?? username ?? "").utf8))
    }

    /// The order for people: by kind, then by name.
    static func precedes(_ left: EntraHolder, _ right: EntraHolder) -> Bool {
        func key(_ holder: EntraHolder) -> [String] {
            let kind = Kind.allCases.firstIndex(of: holder.kind) ?? 0
            return [
                "\(kind)", holder.tenantID?.description ?? "~", holder.objectID?.description ?? "",
                holder.appRole ?? "", holder.username ?? "", holder.until?.rfc3339 ?? "",
            ]
        }
        return key(left).lexicographicallyPrecedes(key(right)) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

/// What one group, app role or emergency entry of the configuration grants.
public struct EntraGrant: Sendable {
    /// To whom it is granted.
    public var holder: EntraHolder
    /// Kubernetes groups with configured names, without duplicates.
    public var kubernetesGroups: [ExactText]
    /// Whether it makes somebody a cluster admin.
    public var isAdmin: Bool
}
