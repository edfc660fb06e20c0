import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import Timestamps

/// Claims with a valid signature.
struct ClaimsTarget: FuzzTarget {
    private let keys: KeySnapshot
    private let strict = FuzzTenant.authenticator()
    private let lax = FuzzTenant.authenticator {
        $0.trust.groupOverage = .ignore
        $0.trust.subjects = Set(SubjectKind.allCases)
        $0.trust.requiredClaims = [RequiredClaim(claim: "scp", values: ["user.read"])]
    }
    private let resolving = FuzzTenant.authenticator {
        $0.trust.groupOverage = .resolve
        $0.trust.proofOfPossession = .accept
        $0.trust.clusterHost = FuzzTenant.clusterHost
    }

    init() throws { keys = try FuzzTenant.keys.get() }

    func run(_ input: UnsafeRawBufferPointer) throws {
        guard input.count <= 16_384 else { return }
        let payload = Array(input)
        let document = (try? JSONDocument(parsing: payload)).flatMap { $0.root.kind == .object ? $0 : nil }
        // Anything but an object ends early, and signing is expensive.
        guard document != nil || fingerprint(input) & 15 == 0 else { return }
        let token = try FuzzTenant.sign(header: FuzzTenant.header, payload: payload)
        for authenticator in [strict, lax, resolving] {
            let decision = token.withUnsafeBytes { checkDecision($0, authenticator, keys: keys) }
            if document == nil { require(decision.reason == .claimsMalformed, "claims are an object") }
            if decision.access != nil, let document { checkAccepted(document.root, decision) }
            if decision.groupResolution != nil {
                let groups = [FuzzTenant.guid(FuzzTenant.mappedGroup)]
                let resolved = token.withUnsafeBytes {
                    checkDecision($0, authenticator, keys: keys, resolvedGroups: groups)
                }
                require(resolved.groupResolution == nil, "the directory is asked once")
            }
            if let document { compareWithVouchedClaims(document.root, decision, authenticator) }
        }
    }

    /// The conditions for acceptance, written a second time and differently.
    private func checkAccepted(_ claims: JSONValue, _ decision: Decision) {
        let issuers = [
            "https://sts.windows.net/\(FuzzTenant.tenantID)/",
            "https://login.microsoftonline.com/\(FuzzTenant.tenantID)/v2.0",
        ]
        let version = claims["ver"]?.string
        require(bytes(claims["iss"]) == Array(issuers[version == "2.0" ? 1 : 0].utf8), "the issuer is the version's")
        require(lowered(claims["tid"]) == Array(FuzzTenant.tenantID.utf8), "the tenant is the issuer's")
        let audiences = [FuzzTenant.audience, "spn:" + FuzzTenant.audience].map { Array($0.utf8) }
        require(
            audiences.contains { $0 == lowered(claims["aud"]) }
                || bytes(claims["aud"]) == Array(FuzzTenant.otherAudience.utf8), "the audience is a configured one")
        let now = FuzzTenant.now.secondsSinceEpoch
        let expires = require(claims["exp"]?.integer, "there is an expiry")
        require(expires > now - FuzzTenant.clockSkew, "the token has not expired")
        if let start = claims["nbf"]?.integer {
            require(start <= now + FuzzTenant.clockSkew, "the token is valid already")
            require(start < expires, "the token ends after it begins")
        }
        require(claims["nbf"] != nil || claims["iat"] != nil, "the token's life has a beginning")
        require(claims["appid"]?.string != nil || claims["azp"]?.string != nil, "it is an access token")
        require(claims["cnf"] == nil, "a bound token is no bearer token")
        require(
            decision.access.map { Array($0.user.uid.utf8) == lowered(claims["oid"]) } ?? false,
            "the UID is the object ID")
        let groups = claims["groups"]?.array.map { $0.map { lowered($0) ?? [] } } ?? []
        // The mapped group gives system:masters.
        let isMember = [FuzzTenant.adminGroup, FuzzTenant.mappedGroup].contains { groups.contains(Array($0.utf8)) }
        require(decision.access?.isAdmin == isMember, "an admin is who is in an admin group")
    }

    /// `policy check --claims` and a signed token must agree, except for what only a token can show.
    private func compareWithVouchedClaims(_ claims: JSONValue, _ decision: Decision, _ authenticator: Authenticator) {
        let vouched = authenticator.examine(verifiedClaims: claims, now: FuzzTenant.now)
        if decision.reason == nil {
            require(vouched.reason == nil, "policy refuses what serve accepts")
            var explained = vouched.access
            explained?.because = []
            require(explained == decision.access, "policy and serve give the same access")
        } else if vouched.reason == nil {
            let onlyATokenShows: [RefusalReason] = [.keyIssuerMismatch, .proofOfPossessionRequired]
            require(
                decision.reason.map(onlyATokenShows.contains) ?? false,
                "policy accepts what serve refuses with \(decision.reason?.code ?? "")")
        }
    }

    private func bytes(_ value: JSONValue?) -> [UInt8]? { value?.withStringBytes { Array($0) } }

    private func lowered(_ value: JSONValue?) -> [UInt8]? {
        bytes(value)?.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
    }
}
