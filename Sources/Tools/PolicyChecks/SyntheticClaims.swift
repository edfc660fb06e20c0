import AccessPolicy
import Entra
import EntraTokens
import Jansson
import SafeText

/// Claims that a question about a principal leaves open, in Entra's form and with values that the tenant's rules
/// accept, as far as such a principal's token can have them.
struct SyntheticClaims {
    let principal: HypotheticalPrincipal
    let trust: TokenValidationRules
    let policy: TenantPolicy

    // MARK: Claims of every token

    /// The version that fits the required values of `ver` and `iss`, and the required claims that only one version has.
    var version: TokenVersion {
        let fitting = [TokenVersion.v1, .v2].filter { version in
            accepts("ver", version.rawValue) && accepts("iss", trust.issuer(version))
        }
        let isSecondMeant = required("azp") != nil || required("azpacr") != nil
        return isSecondMeant && fitting.contains(.v2) ? .v2 : fitting.first ?? .v1
    }

    var audience: String {
        strings("aud")?.first { trust.accepts(audience: $0) } ?? trust.audiences.first?.text ?? ""
    }

    var objectID: String {
        if let id = principal.objectID { return id.description }
        let ids = strings("oid")?.filter { GUID($0) != nil } ?? []
        let giving = Set(policy.emergencyAccess.map(\.objectID))
        return ids.first { !giving.contains(GUID($0) ?? .zero) } ?? ids.first ?? GUID.zero.description
    }

    /// The name of the claim with the client application.
    var clientClaim: String { version == .v1 ? "appid" : "azp" }

    var clientAppID: String {
        if let id = principal.clientAppID { return id.description }
        return strings(clientClaim)?.first { trust.accepts(clientAppID: $0) }
            ?? trust.allowedClientAppIDs.first?.description ?? SyntheticClaims.kubelogin
    }

    private static let kubelogin = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"

    // MARK: Claims that make a principal's kind

    /// Claims that identify the principal's kind, unless a required claim does.
    var marks: [(String, JSON)] {
        switch principal.kind {
        case .user, .unknown: [("scp", .string(SyntheticClaims.scope))]
        case .guest: [("acct", .integer(1)), ("scp", .string(SyntheticClaims.scope))]
        case .agent: [("xms_sub_fct", .string("11")), ("scp", .string(SyntheticClaims.scope))]
        case .managedIdentity: [("xms_idrel", .string("33 7"))]
        case .app, .device: []
        }
    }

    private static let scope = "user_impersonation"

    // MARK: Required claims

    // If several values are accepted, one that grants nothing by itself is preferred.

    /// The claim in this principal's token; nil if no such token has an accepted value.
    func value(of required: RequiredClaim) -> JSON? {
        let values = required.values.compactMap(\.string)
        switch required.claim {
        case "groups":
            // A token that cannot list all groups does not list these either.
            guard !principal.hasGroupOverage else { return nil }
            let ids = values.filter { GUID($0) != nil }
            let giving = Set(policy.adminGroupObjectIDs + policy.groupMappings.map(\.groupObjectID))
            return list(ids.first { !giving.contains(GUID($0) ?? .zero) } ?? ids.first)
        case "roles":
            let giving = Set(policy.appRoleMappings.map(\.appRole))
            return list(values.first { !giving.contains(ExactText($0)) } ?? values.first)
        case "amr", "acrs", "wids", "xms_cc": return required.values.first.map { .array([$0.json]) }
        case "acct":
            // 1 is a guest, 0 a member.
            return .integer(principal.kind == .guest ? 1 : 0)
        case "idp": return text(values.first { isHome($0) != (principal.kind == .guest) })
        case "xms_idrel": return text(values.first { fits(relations: $0.split(separator: " ")) })
        case "xms_sub_fct", "xms_act_fct":
            let isAgent = { (text: String) in text.split(separator: " ").contains { $0 == "11" || $0 == "13" } }
            return text(values.first { isAgent($0) == (principal.kind == .agent) })
        case "xms_mirid": return principal.kind == .app ? nil : text(values.first)
        case "hasgroups":
            return principal.hasGroupOverage ? .bool(true) : required.values.first { $0 != .boolean(true) }?.json
        case "_claim_names", "cnf": return nil
        default: return required.values.first?.json
        }
    }

    private func isHome(_ provider: String) -> Bool {
        principal.kind == .app || principal.kind == .managedIdentity
            || [TokenVersion.v1, .v2].contains { ExactText(trust.issuer($0)) == ExactText(provider) }
    }

    /// Whether relations do not change the principal's kind: 5 means guest, 33 managed identity.
    private func fits(relations: [Substring]) -> Bool {
        switch principal.kind {
        case .user, .unknown: !relations.contains("5")
        case .app: !relations.contains("33")
        case .managedIdentity: relations.contains("33")
        case .guest, .agent, .device: true
        }
    }

    private func text(_ value: String?) -> JSON? { value.map { .string($0) } }
    private func list(_ value: String?) -> JSON? { value.map { .array([.string($0)]) } }

    private func strings(_ claim: String) -> [String]? { required(claim)?.compactMap(\.string) }

    private func required(_ claim: String) -> [ClaimValue]? {
        trust.requiredClaims.first { $0.claim == ExactText(claim) }?.values
    }

    /// Whether a claim is not required, or this value is accepted.
    private func accepts(_ claim: String, _ value: String) -> Bool {
        required(claim)?.contains(.string(ExactText(value))) ?? true
    }
}

extension ClaimValue {
    fileprivate var json: JSON {
        switch self {
        case .string(let text): .string(text.text)
        case .integer(let number): .integer(number)
        case .real(let number): .real(number)
        case .boolean(let isTrue): .bool(isTrue)
        }
    }
}
