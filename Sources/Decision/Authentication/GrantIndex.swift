import AccessPolicy
import Entra
import SafeText

/// Which Entra groups and app roles of a tenant grant a Kubernetes group, prepared for access reviews.
struct GrantIndex: Sendable {
    private static let authenticated = ExactText("system:authenticated")

    private let granting: [ExactText: [GUID]]
    private let configured: Set<GUID>
    private let givenByAppRole: Set<ExactText>
    private let objectIDPrefix: String
    private let includesObjectIDs: Bool

    init(_ policy: TenantPolicy, _ kubernetes: KubernetesPolicy) {
        var granting: [ExactText: [GUID]] = [:]
        for group in kubernetes.adminGroups { granting[group, default: []] += policy.adminGroupObjectIDs }
        for mapping in policy.groupMappings {
            for group in mapping.kubernetesGroups { granting[group, default: []].append(mapping.groupObjectID) }
        }
        self.granting = granting
        configured = Set(policy.configuredGroups)
        givenByAppRole = Set(policy.appRoleMappings.flatMap(\.kubernetesGroups))
        objectIDPrefix = kubernetes.groupPrefix
        includesObjectIDs = kubernetes.groupObjectIDs == .include
    }

    /// The configured Entra groups whose members have this Kubernetes group.
    func groups(granting group: ExactText) -> [GUID] {
        let named = granting[group] ?? []
        guard let id = objectID(group), configured.contains(id) else { return named }
        return named + [id]
    }

    func isGivenByAppRole(_ group: ExactText) -> Bool { givenByAppRole.contains(group) }

    /// Whether a sign-in has this group although nothing in the configuration grants it: an object ID of the token
    /// itself, or a group that the API server adds.
    func isGivenByItself(_ group: ExactText) -> Bool {
        if group == Self.authenticated { return true }
        return objectID(group).map { !configured.contains($0) } ?? false
    }

    private func objectID(_ group: ExactText) -> GUID? {
        let (bytes, prefix) = (group.text.utf8, objectIDPrefix.utf8)
        guard includesObjectIDs, bytes.starts(with: prefix) else { return nil }
        return GUID(String(decoding: bytes.dropFirst(prefix.count), as: UTF8.self))
    }
}
