public import EntraTokens

/// What an AKS cluster's `aadProfile` says about sign-in.
public struct AKSCluster: Hashable, Sendable {
    /// As in the document, made safe to print; nil for a bare profile.
    public var name: String?
    public var tenantID: GUID?
    public var cloud: Cloud
    public var adminGroups: [GUID]
    public var audiences: [GUID]
    public var clientAppIDs: [GUID]
    /// What the administrator must know about the translation.
    public var notes: [String]
    /// What makes a translation impossible.
    public var problems: [String]
    /// Whether the cluster has a profile at all.
    public var usesEntra = true

    /// The application for which every AKS cluster's tokens are made, in every cloud.
    static let sharedServerApp = GUID("6dae42f8-4368-4678-94ff-3960e28e3630")

    /// A configuration that admits whom the cluster admits.
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

    /// Whether the same configuration serves both.
    public func isSameSetup(as other: AKSCluster) -> Bool {
        tenantID == other.tenantID && cloud == other.cloud && Set(adminGroups) == Set(other.adminGroups)
            && Set(audiences) == Set(other.audiences) && Set(clientAppIDs) == Set(other.clientAppIDs)
    }
}
