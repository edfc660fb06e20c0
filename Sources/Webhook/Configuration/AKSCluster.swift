public import Entra

/// The sign-in settings of an AKS cluster, from its `aadProfile`.
public struct AKSCluster: Hashable, Sendable {
    /// The cluster's name, safe to print; nil for a profile without a cluster.
    public var name: String?
    /// `tenantID`; nil if the document leaves it out or has an expression.
    public var tenantID: GUID?
    /// The national cloud, derived from the address of the cluster's API server.
    public var cloud: Cloud
    /// `adminGroupObjectIDs`: their members are cluster admins.
    public var adminGroups: [GUID]
    /// The server applications for which the cluster's tokens are issued.
    public var audiences: [GUID]
    /// The client applications that the cluster accepts.
    public var clientAppIDs: [GUID]
    /// What the administrator must know about the translation.
    public var notes: [String]
    /// Why a translation is impossible; empty if it is not.
    public var problems: [String]
    /// Whether the cluster has a profile at all.
    public var usesEntra = true

    /// The application for which the tokens of every AKS cluster are issued, in every cloud.
    static let sharedServerApp = GUID("6dae42f8-4368-4678-94ff-3960e28e3630")

    /// A configuration that accepts the principals whom the cluster accepts.
    public func template(tenantID: GUID, cloud: Cloud?, certificates: String) -> ConfigurationTemplate {
        var template = ConfigurationTemplate(
            tenantID: tenantID,
            audiences: audiences.map(\.description),
            adminGroups: adminGroups,
            cloud: cloud ?? self.cloud,
            certificates: certificates
        )
        template.allowedClientAppIDs = clientAppIDs
        template.notes = ["Translated from the aadProfile of \(name.map { "AKS cluster \($0)" } ?? "an AKS cluster")."]
        template.notes += notes.map { "Note: \($0)." } + [""]
        return template
    }

    /// Whether the same configuration fits both clusters.
    public func isSameSetup(as other: AKSCluster) -> Bool {
        tenantID == other.tenantID && cloud == other.cloud && Set(adminGroups) == Set(other.adminGroups)
            && Set(audiences) == Set(other.audiences) && Set(clientAppIDs) == Set(other.clientAppIDs)
    }
}
