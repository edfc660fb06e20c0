public import EntraTokens
public import Timestamps

/// Somebody, or a set of people, that Entra and the configuration give names in the cluster.
public struct EntraHolder: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case group
        case appRole
        case emergencyAccess
        /// A single name in a binding.
        case user
        /// Everybody who signed in.
        case everybody
    }

    public var kind: Kind
    /// Nil where any tenant's is meant.
    public var tenantID: GUID?
    public var objectID: GUID?
    public var appRole: String?
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

    /// The same holder however long an emergency lasts. Texts are compared by their bytes.
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

    /// The order in which people read them: by kind, then by what they are called.
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

/// What one group, app role or emergency entry of the configuration gives.
public struct EntraGrant: Sendable {
    public var holder: EntraHolder
    /// Kubernetes groups with configured names, each once.
    public var kubernetesGroups: [String]
    /// Whether this makes a cluster admin.
    public var isAdmin: Bool
}
