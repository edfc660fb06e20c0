import AccessPolicy
import Entra
import EntraTokens
import SafeText

// Findings about single fields of tenants.

extension LintPlace {
    /// Kubernetes groups that no configuration should grant.
    ///
    /// - Parameter orAdmin: whether to report those of cluster admins too.
    func unwise(_ groups: [ExactText], orAdmin: Bool = false) -> [FieldFinding] {
        groups.enumerated().flatMap { index, group in
            let place = element(index)
            return place.unwise(group) + (orAdmin ? place.admin(group) : [])
        }
    }

    private func admin(_ group: ExactText) -> [FieldFinding] {
        guard configuration.kubernetes.adminGroups.contains(group) else { return [] }
        return finding(
            .mappingGivesAdmin, "this makes cluster admins, as membership in an admin group does",
            "that may be meant; else use another name, or list the group in adminGroupObjectIDs")
    }

    /// One Kubernetes group. Those of `kubernetes.adminGroups` cannot be built in.
    func unwise(_ group: ExactText) -> [FieldFinding] {
        let kubernetes = configuration.kubernetes
        var findings: [FieldFinding] = []
        if group == "system:masters" {
            findings += finding(
                .systemMasters,
                "system:masters is above RBAC and the kill switch: nothing can take it away or limit it",
                "use a group of your own and bind it to cluster-admin")
        }
        if let builtIn = BuiltInGroup(of: group.text) {
            findings += finding(
                .reservedGroup,
                "Kubernetes itself puts \(builtIn.members) into this group: what is bound to it is theirs as well",
                "use a group of your own")
        }
        if kubernetes.groupObjectIDs == .include, group.text.utf8.starts(with: kubernetes.groupPrefix.utf8),
            GUID(String(decoding: group.text.utf8.dropFirst(kubernetes.groupPrefix.utf8.count), as: UTF8.self)) != nil
        {
            findings += finding(
                .groupCanBeImitated,
                "members of the Entra group with this object ID get the same Kubernetes group by themselves",
                "use a name that is no object ID, or another groupPrefix")
        }
        return findings
    }
}

extension TenantSettings {
    static func unwiseAudiences(_ tenant: TenantSettings, _ place: LintPlace) -> [FieldFinding] {
        sharedAudiences(tenant, place) + tenantsAsAudiences(tenant, place) + uriAudiences(tenant, place)
            + impossibleAudiences(tenant, place)
    }

    /// Audiences that no token of Entra carries. They are accepted, because a private authority may have its own.
    private static func impossibleAudiences(_ tenant: TenantSettings, _ place: LintPlace) -> [FieldFinding] {
        tenant.trust.audiences.enumerated().flatMap { index, audience -> [FieldFinding] in
            guard let problem = AudienceProblem(audience.text) else { return [] }
            return place.element(index).finding(
                .audienceInNoToken, "this \(problem.words), so no token of Entra carries it and nobody could sign in",
                "use the server application's ID (Application (client) ID)")
        }
    }

    /// Audiences of the form `api://<ID>`, if no other audience accepts tokens with the ID alone.
    private static func uriAudiences(_ tenant: TenantSettings, _ place: LintPlace) -> [FieldFinding] {
        let audiences = AudienceList(tenant.trust.audiences)
        return tenant.trust.audiences.enumerated().flatMap { index, audience -> [FieldFinding] in
            guard let id = GUID.inApplicationIDURI(audience.text), !audiences.accepts("\(id)") else { return [] }
            return place.element(index).finding(
                .audienceIsURI,
                "tokens of version 2.0 carry the application's ID alone, never its URI, so they are refused",
                "list both, here and \(id)")
        }
    }

    private static func sharedAudiences(_ tenant: TenantSettings, _ place: LintPlace) -> [FieldFinding] {
        tenant.trust.audiences.enumerated().flatMap { index, audience -> [FieldFinding] in
            guard let known = WellKnownApplication.find(audience.text) else { return [] }
            let place = place.element(index)
            let own = "register an application for this cluster and use its ID"
            switch known.role {
            case .clusters:
                return place.finding(
                    .sharedAudience,
                    "this is the \(known.name): every such cluster of the tenant takes tokens for this application, so"
                        + " one cluster's can be used at another", own)
            case .service:
                return place.finding(
                    .sharedAudience,
                    "people and applications have tokens for \(known.name) for other work, and each of these tokens"
                        + " would be a sign-in here", own)
            case .client:
                return place.finding(
                    .audienceIsNoServer,
                    "this is the \(known.name), which asks for tokens: no access token is made for it",
                    "use the server application's ID, and this one as kubelogin's --client-id")
            }
        }
    }

    /// Audiences that are a configured tenant's ID: the portal shows it beside the application's ID, so people mistake
    /// one for the other.
    private static func tenantsAsAudiences(_ tenant: TenantSettings, _ place: LintPlace) -> [FieldFinding] {
        let tenants = place.configuration.tenants.map(\.trust.tenantID)
        return tenant.trust.audiences.enumerated().flatMap { index, audience -> [FieldFinding] in
            guard let id = GUID(audience.text), tenants.contains(id) else { return [] }
            return place.element(index).finding(
                .audienceIsNoServer, "this is a tenant's ID, not an application's, so nobody could sign in",
                "use the server application's ID (Application (client) ID)")
        }
    }

    /// Tenants that cannot be the operator's own: those of personal accounts and of Microsoft's services, and zeros.
    static func unwiseTenant(_ tenant: TenantSettings, _ place: LintPlace) -> [FieldFinding] {
        switch tenant.trust.tenantID.description {
        case "9188040d-6c67-4c5b-b112-36a304b66dad":
            place.finding(
                .tenantIsForeign,
                "this is the tenant of all personal Microsoft accounts, which everybody in the world can have",
                "use your own tenant's ID, and invite people with personal accounts as guests")
        case "00000000-0000-0000-0000-000000000000":
            place.finding(
                .tenantIsForeign, "this is a placeholder and no tenant's ID, so nobody could sign in",
                "use your own tenant's ID")
        case "f8cdef31-a31e-4b4a-93e4-5f571e91255a":
            place.finding(
                .tenantIsForeign, "this is the tenant of Microsoft's own services, which nobody else manages",
                "use your own tenant's ID")
        default: []
        }
    }

    static func unwiseClaims(_ tenant: TenantSettings, _ place: LintPlace) -> [FieldFinding] {
        tenant.trust.requiredClaims.flatMap { required -> [FieldFinding] in
            let place = place.field(required.claim.text)
            if !KnownClaims.contains(required.claim.text) {
                return place.finding(
                    .unknownClaim, "no access token of Entra is known to carry this claim",
                    "check its spelling; nobody could sign in")
            }
            if required.claim == "amr" {
                return place.finding(
                    .methodsAreMissing, "access tokens of version 2.0 carry no amr, so nobody with one can sign in",
                    "use acrs with an authentication context of Conditional Access, or tokens of version 1.0")
            }
            if let type = KnownClaims.type(of: required.claim.text), !required.values.contains(where: type.fits) {
                return place.finding(
                    .claimHasOtherType, "Entra writes this claim as \(type.words), and none of the values is one",
                    "write \(type.example), without quotes; nobody could sign in")
            }
            return []
        }
    }

    static func unwiseLifetime(_ tenant: TenantSettings, _ place: LintPlace) -> [FieldFinding] {
        let lifetime = tenant.trust.maximumTokenLifetime
        if lifetime < 90 * 60 {
            return place.finding(
                .lifetimeTooShort,
                "Entra's ordinary tokens are valid for 60 to 90 minutes, so that most are refused",
                "set it to 29h, which takes the long ones of managed identities too")
        }
        return lifetime > 7 * 86_400
            ? place.finding(
                .lifetimeTooLong,
                "a token that is valid for \(DurationText.render(.seconds(lifetime))) would be accepted all that time",
                "set it to 29h: Entra issues none that is valid for longer") : []
    }
}
