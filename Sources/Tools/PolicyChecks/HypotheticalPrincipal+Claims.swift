import AccessPolicy
import Authentication
import Entra
import Jansson
import SafeText
import Timestamps

extension HypotheticalPrincipal {
    /// The claims of a token that this principal would get for the cluster. Everything that the question leaves open is
    /// valid, so that the decision depends on the principal alone.
    func claims(for settings: AuthenticationSettings, now: Timestamp) -> JSON {
        // Settings without a tenant accept nobody, whatever the claims.
        guard let tenant = tenant(in: settings) else { return .object([]) }
        let open = SyntheticClaims(principal: self, trust: tenant.trust, policy: tenant.policy)
        let trust = tenant.trust
        let lifetime = min(3600, trust.maximumTokenLifetime)
        var members: [(String, JSON)] = [
            ("iss", .string(trust.issuer(open.version))),
            ("aud", .string(open.audience)),
            ("ver", .string(open.version.rawValue)),
            ("tid", .string(trust.tenantID.description)),
            ("oid", .string(open.objectID)),
            ("iat", .integer(now.secondsSinceEpoch)),
            ("nbf", .integer(now.secondsSinceEpoch)),
            ("exp", .integer(now.adding(seconds: lifetime).secondsSinceEpoch)),
            (open.clientClaim, .string(open.clientAppID)),
        ]
        if let user { members.append(("upn", .string(user))) }
        switch kind {
        case .user, .unknown, .guest, .agent: members.append(("idtyp", .string("user")))
        case .app, .managedIdentity: members.append(("idtyp", .string("app")))
        case .device: members.append(("idtyp", .string("device")))
        }
        if !roles.isEmpty { members.append(("roles", JSON(roles))) }
        if hasGroupOverage {
            members.append(("_claim_names", .object([("groups", .string("src1"))])))
        } else if !groups.isEmpty {
            members.append(("groups", JSON(groups.map(\.description))))
        }
        if trust.proofOfPossession == .require {
            members.append(("cnf", .object([("kid", .string(""))])))
        }
        for required in trust.requiredClaims where !members.contains(where: { ExactText($0.0) == required.claim }) {
            if let value = open.value(of: required) { members.append((required.claim.text, value)) }
        }
        for (name, value) in open.marks where !members.contains(where: { ExactText($0.0) == ExactText(name) }) {
            members.append((name, value))
        }
        return .object(members)
    }

    /// The named tenant, or the one that knows the principal. A tenant that is not configured is used with default
    /// rules.
    private func tenant(in settings: AuthenticationSettings) -> (trust: TokenValidationRules, policy: TenantPolicy)? {
        guard let tenantID else {
            return (settings.tenants.first { knows($0.policy) } ?? settings.tenants.first).map { ($0.trust, $0.policy) }
        }
        return settings.tenants.first { $0.trust.tenantID == tenantID }.map { ($0.trust, $0.policy) }
            ?? (TokenValidationRules(tenantID: tenantID, audiences: []), TenantPolicy())
    }

    private func knows(_ policy: TenantPolicy) -> Bool {
        policy.adminGroupObjectIDs.contains(where: groups.contains)
            || policy.groupMappings.contains { groups.contains($0.groupObjectID) }
            || policy.emergencyAccess.contains { $0.objectID == objectID }
            || policy.appRoleMappings.contains { mapping in roles.contains { ExactText($0) == mapping.appRole } }
    }
}

extension PolicyQuestion {
    /// The claims to check. Made once and checked with several settings, they show how these differ.
    func prepared(for settings: AuthenticationSettings, now: Timestamp) throws(JSONError) -> PreparedClaims {
        switch self {
        case .claims(let document, let resolvedGroups):
            return PreparedClaims(document: document, resolvedGroups: resolvedGroups, areTokenTimesReal: true)
        case .principal(let principal):
            let bytes = principal.claims(for: settings, now: now).render()
            return PreparedClaims(
                document: try JSONDocument(parsing: bytes, maximumBytes: .max),
                resolvedGroups: principal.hasGroupOverage ? principal.groups : nil,
                areTokenTimesReal: false
            )
        }
    }
}
