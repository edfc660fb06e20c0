import AccessPolicy
public import Configuration
public import Entra
public import RBAC
import SafeText
public import Timestamps

/// The names in the cluster that a configuration can give, and to whom.
public struct EntraNames: Sendable {
    static let everybody = "system:authenticated"
    static let masters = "system:masters"

    /// The configuration.
    public let configuration: WebhookConfiguration
    /// What the configuration grants, without expired emergency entries.
    public let grants: [EntraGrant]
    /// Number of emergency entries that have expired.
    public let endedEmergencies: Int
    private let byName: [ExactText: [Int]]
    private let byObjectID: [GUID: [Int]]

    /// - Parameter now: emergency entries that have ended by then are ignored.
    public init(_ configuration: WebhookConfiguration, now: Timestamp) {
        self.configuration = configuration
        var collector = GrantCollector(adminGroups: configuration.kubernetes.adminGroups)
        var ended = 0
        for tenant in configuration.tenants {
            let id = tenant.trust.tenantID
            for group in tenant.policy.adminGroupObjectIDs {
                collector.add(
                    EntraHolder(.group, tenantID: id, objectID: group), configuration.kubernetes.adminGroups,
                    isAdmin: true)
            }
            for mapping in tenant.policy.groupMappings {
                collector.add(
                    EntraHolder(.group, tenantID: id, objectID: mapping.groupObjectID), mapping.kubernetesGroups)
            }
            for mapping in tenant.policy.appRoleMappings {
                collector.add(
                    EntraHolder(.appRole, tenantID: id, appRole: mapping.appRole.text), mapping.kubernetesGroups)
            }
            for entry in tenant.policy.emergencyAccess {
                guard now < entry.until else {
                    ended += 1
                    continue
                }
                collector.addEmergency(
                    EntraHolder(.emergencyAccess, tenantID: id, objectID: entry.objectID, until: entry.until),
                    entry.kubernetesGroups)
            }
        }
        grants = collector.grants
        endedEmergencies = ended
        var byName: [ExactText: [Int]] = [:]
        var byObjectID: [GUID: [Int]] = [:]
        for (index, grant) in grants.enumerated() {
            for name in grant.kubernetesGroups { byName[name, default: []].append(index) }
            if grant.holder.kind == .group, let id = grant.holder.objectID { byObjectID[id, default: []].append(index) }
        }
        self.byName = byName
        self.byObjectID = byObjectID
    }

    private struct GrantCollector {
        let adminGroups: Set<ExactText>
        private(set) var grants: [EntraGrant] = []
        private var index: [EntraHolder.Identity: Int] = [:]

        init(adminGroups: [ExactText]) {
            self.adminGroups = Set(adminGroups + [ExactText(EntraNames.masters)])
        }

        mutating func add(_ holder: EntraHolder, _ names: [ExactText], isAdmin: Bool = false) {
            let place = index[holder.identity] ?? grants.count
            if place == grants.count {
                index[holder.identity] = place
                grants.append(EntraGrant(holder: holder, kubernetesGroups: [], isAdmin: false))
            }
            for name in names where !grants[place].kubernetesGroups.contains(name) {
                grants[place].kubernetesGroups.append(name)
            }
            if isAdmin || names.contains(where: adminGroups.contains) {
                grants[place].isAdmin = true
            }
        }

        /// Entries for one object may end at different times, so they are kept separate.
        mutating func addEmergency(_ holder: EntraHolder, _ names: [ExactText]) {
            var seen: Set<ExactText> = []
            grants.append(
                EntraGrant(
                    holder: holder, kubernetesGroups: names.filter { seen.insert($0).inserted },
                    isAdmin: names.contains(where: adminGroups.contains)))
        }
    }

    // MARK: Groups

    /// Who gets this Kubernetes group; empty if the configuration never grants it.
    func holders(ofGroup name: String) -> [EntraHolder] {
        var indices = byName[ExactText(name)] ?? []
        guard let id = objectID(ofGroup: name) else { return indices.map { grants[$0].holder } }
        let known = byObjectID[id] ?? []
        indices += known.filter { !indices.contains($0) }
        let holders = indices.map { grants[$0].holder }
        return known.isEmpty ? holders + [EntraHolder(.group, objectID: id)] : holders
    }

    /// Whether anybody can get this Kubernetes group.
    func isGiven(group name: String) -> Bool {
        byName[ExactText(name)] != nil || objectID(ofGroup: name) != nil
    }

    /// The Entra group whose object ID is this Kubernetes group's name.
    func objectID(ofGroup name: String) -> GUID? {
        let kubernetes = configuration.kubernetes
        guard kubernetes.groupObjectIDs == .include, name.utf8.starts(with: kubernetes.groupPrefix.utf8),
            // Only configured names may be reserved.
            kubernetes.groupPrefix.isEmpty || !AccessPolicy.isReserved(name)
        else { return nil }
        return EntraNames.objectID(String(name.utf8.dropFirst(kubernetes.groupPrefix.utf8.count)) ?? "")
    }

    /// An object ID in lower case, as the webhook writes it.
    static func objectID(_ text: String) -> GUID? {
        guard let id = GUID(text), id.description.utf8.elementsEqual(text.utf8) else { return nil }
        return id
    }

    /// All configured group names.
    var configuredGroups: [String] { byName.keys.map(\.text) }

    // MARK: Users

    /// The user with this name, if the configuration can give it.
    func holder(ofUser name: String) -> EntraHolder? {
        guard isGiven(user: name) else { return nil }
        let rest = withoutPrefix(name) ?? name
        return EntraHolder(.user, objectID: EntraNames.objectID(rest), username: name)
    }

    /// Whether anybody can have this user name.
    func isGiven(user name: String) -> Bool {
        guard let rest = withoutPrefix(name), !AccessPolicy.isReserved(name) else { return false }
        if EntraNames.objectID(rest) != nil { return true }
        // Guests and applications are named by object ID.
        guard EntraNames.isUPN(rest), !EntraNames.isGuest(rest),
            configuration.tenants.contains(where: { $0.trust.subjects.contains(.user) })
        else { return false }
        switch configuration.kubernetes.username {
        case .upn: return true
        case .upnLowercase: return !rest.utf8.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        case .oid: return false
        }
    }

    /// The part after `usernamePrefix`; nil if the name does not start with it.
    func withoutPrefix(_ name: String) -> String? {
        let prefix = configuration.kubernetes.usernamePrefix
        guard name.utf8.starts(with: prefix.utf8) else { return nil }
        return String(name.utf8.dropFirst(prefix.utf8.count)) ?? ""
    }

    /// Whether people are named by their user principal name.
    var namesByUPN: Bool { configuration.kubernetes.username != .oid }

    /// Whether this has the form of a user principal name. Entra allows neither spaces nor `:` and `/` in one.
    static func isUPN(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && !name.utf8.contains { " :/".utf8.contains($0) }
    }

    /// The prefix that another authenticator puts before names, as in `oidc:ada@example.com` (kube-apiserver's
    /// `--oidc-username-prefix`) or `https://issuer/#ada` (its default); nil if there is none.
    static func foreignPrefix(of name: String) -> (prefix: String, rest: String)? {
        let isURL = name.utf8.starts(with: "https://".utf8)
        let last = name.utf8.lastIndex { isURL ? $0 == UInt8(ascii: "#") : ":/".utf8.contains($0) }
        guard let last, let prefix = String(name.utf8[...last]),
            let rest = String(name.utf8[name.utf8.index(after: last)...]), !rest.isEmpty,
            isURL || isUPN(rest) || GUID(rest) != nil
        else { return nil }
        return (prefix, rest)
    }

    /// Whether this is a guest's user principal name, which never becomes a user name in the cluster.
    static func isGuest(_ name: String) -> Bool {
        let name = name.lowercased()
        return name.contains("#ext#") || name.contains("_ext_@")
    }
}

extension EntraNames {
    /// The object IDs that bindings of the cluster name directly.
    public func boundObjectIDs(in cluster: Cluster) -> Set<GUID> {
        let index = SubjectIndex(cluster)
        return Set(
            index.groups.compactMap { objectID(ofGroup: $0) } + index.users.compactMap { holder(ofUser: $0)?.objectID })
    }
}
