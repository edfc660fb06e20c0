internal import AccessPolicy
internal import Authentication
internal import EntraTokens
internal import Jansson
internal import Timestamps

extension GivenPrincipal {
    /// The claims of a token that this principal would get for the cluster, with everything right that the question
    /// leaves open: the decision on them then depends on the principal alone.
    func claims(for settings: AuthenticationSettings, now: Timestamp) -> JSON {
        // Settings without a tenant admit nobody, whatever the claims.
        guard let trust = trust(in: settings) else { return .object([]) }
        let client = clientAppID ?? trust.allowedClientAppIDs.first ?? GUID("80faf920-1908-4b52-b5ef-a8e7bedfc67a")
        let lifetime = min(3600, trust.maximumTokenLifetime)
        var members: [(String, JSON)] = [
            ("iss", .string(trust.issuer(.v1))),
            ("aud", .string(trust.audiences.first ?? "")),
            ("ver", .string(TokenVersion.v1.rawValue)),
            ("tid", .string(trust.tenantID.description)),
            ("oid", .string(objectID?.description ?? "00000000-0000-0000-0000-000000000000")),
            ("iat", .integer(now.secondsSinceEpoch)),
            ("nbf", .integer(now.secondsSinceEpoch)),
            ("exp", .integer(now.adding(seconds: lifetime).secondsSinceEpoch)),
        ]
        if let user { members.append(("upn", .string(user))) }
        members.append(contentsOf: kindClaims)
        if !roles.isEmpty { members.append(("roles", JSON(roles))) }
        if hasGroupOverage {
            members.append(("_claim_names", .object([("groups", .string("src1"))])))
        } else if !groups.isEmpty {
            members.append(("groups", JSON(groups.map(\.description))))
        }
        if trust.proofOfPossession == .require {
            members.append(("cnf", .object([("kid", .string(""))])))
        }
        for required in trust.requiredClaims where !members.contains(where: { $0.0 == required.claim }) {
            if let value = required.values.first { members.append((required.claim, .string(value))) }
        }
        if let client, !members.contains(where: { $0.0 == "appid" }) {
            members.append(("appid", .string(client.description)))
        }
        if isPerson, !members.contains(where: { $0.0 == "scp" }) {
            members.append(("scp", .string("user_impersonation")))
        }
        return .object(members)
    }

    private var isPerson: Bool { kind == .user || kind == .guest || kind == .agent }

    private var kindClaims: [(String, JSON)] {
        switch kind {
        case .user, .unknown: [("idtyp", .string("user"))]
        case .guest: [("idtyp", .string("user")), ("acct", .integer(1))]
        case .app: [("idtyp", .string("app"))]
        case .managedIdentity: [("idtyp", .string("app")), ("xms_idrel", .string("33 7"))]
        case .agent: [("idtyp", .string("user")), ("xms_sub_fct", .string("11"))]
        case .device: [("idtyp", .string("device"))]
        }
    }

    /// The tenant that was named, or the one that knows the principal; a tenant that is not configured as it would be.
    private func trust(in settings: AuthenticationSettings) -> TenantTrust? {
        if let tenantID {
            return settings.tenants.first { $0.trust.tenantID == tenantID }?.trust
                ?? TenantTrust(tenantID: tenantID, audiences: [])
        }
        return (settings.tenants.first { knows($0.policy) } ?? settings.tenants.first)?.trust
    }

    private func knows(_ policy: TenantPolicy) -> Bool {
        policy.adminGroupObjectIDs.contains(where: groups.contains)
            || policy.groupMappings.contains { groups.contains($0.groupObjectID) }
            || policy.emergencyAccess.contains { $0.objectID == objectID }
            || policy.appRoleMappings.contains { roles.contains($0.appRole) }
    }
}

extension PolicyQuestion {
    /// The claims to judge. Made once and judged under several settings, they show what differs between these.
    func prepared(for settings: AuthenticationSettings, now: Timestamp) throws(JSONError) -> PreparedClaims {
        switch self {
        case .claims(let document, let resolvedGroups):
            return PreparedClaims(document: document, resolvedGroups: resolvedGroups)
        case .principal(let principal):
            let bytes = principal.claims(for: settings, now: now).render()
            return PreparedClaims(
                document: try JSONDocument(parsing: bytes, maximumBytes: .max),
                resolvedGroups: principal.hasGroupOverage ? principal.groups : nil
            )
        }
    }
}
