import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import OpenSSL
import SafeText
import TokenReviewAPI

/// Decides on a token in every possible way, and requires the same result.
func checkDecision(
    _ token: UnsafeRawBufferPointer,
    _ authenticator: Authenticator,
    keys: KeySnapshot,
    resolvedGroups: [GUID]? = nil
) -> Decision {
    let now = FuzzTenant.now
    let decision = authenticator.decide(token: token, keys: keys, now: now, resolvedGroups: resolvedGroups)
    let examined = authenticator.examine(token: token, keys: keys, now: now, resolvedGroups: resolvedGroups)
    require(
        examined.reason == decision.reason,
        "decide says \(decision.reason?.code ?? "yes"), examine \(examined.reason?.code ?? "yes")")
    require(
        (decision.access == nil) != (decision.reason == nil), "an answer is a yes or a no, and never both or neither")
    if resolvedGroups == nil {
        let cache = DecisionCache(.init(entries: 2, maximumAge: .seconds(600)))
        let hashed = HashedToken(SecureBytes(copying: token))
        for _ in 0..<2 {
            let cached = cache.decide(hashed, by: authenticator, keys: keys, now: now).decision
            require(cached.outcome == decision.outcome, "the cache changes no answer")
        }
    }
    if let access = decision.access {
        require(examined.areClaimsTrusted, "a yes needs a verified signature")
        checkAccess(access, settings: authenticator.settings)
        require(decision.validUntil > now, "a yes holds at least now")
    } else {
        require(decision.proofUse == nil, "a no uses no proof up")
    }
    checkAnswer(decision)
    return decision
}

/// Conditions for every user that Kubernetes gets.
private func checkAccess(_ access: AccessDecision, settings: AuthenticationSettings) {
    let user = access.user
    require(!user.username.isEmpty && !user.username.hasPrefix("system:"), "no user name is empty or reserved")
    require(GUID(user.uid) != nil, "the UID is an object ID")
    require(Set(user.groups).count == user.groups.count, "no group stands there twice")
    var configured = Set(settings.kubernetes.adminGroups.map(\.text))
    for tenant in settings.tenants {
        for mapping in tenant.policy.groupMappings { configured.formUnion(mapping.kubernetesGroups.map(\.text)) }
        for mapping in tenant.policy.appRoleMappings { configured.formUnion(mapping.kubernetesGroups.map(\.text)) }
        for entry in tenant.policy.emergencyAccess { configured.formUnion(entry.kubernetesGroups.map(\.text)) }
    }
    for group in user.groups {
        require(configured.contains(group) || GUID(group) != nil, "a group is configured or an object ID")
    }
    let adminGroups = [FuzzTenant.adminGroupName, "system:masters"]
    require(
        access.isAdmin == user.groups.contains(where: adminGroups.contains), "an admin is who is in an admin group")
}

/// The answer must be valid JSON with the decision, and must read back unchanged.
private func checkAnswer(_ decision: Decision) {
    for version in [TokenReviewVersion.v1, .v1beta1] {
        let bytes =
            switch decision.outcome {
            case .accepted(let access): TokenReviewAnswer.encodeAccepted(access.user, version: version)
            case .refused(let reason):
                TokenReviewAnswer.encodeRefused(reason, decisionID: "0123456789AB", version: version)
            }
        let answer = bytes.withUnsafeBytes { try? TokenReviewAnswer(decoding: $0) }
        let read = require(answer, "an answer is a valid TokenReview: \(String(decoding: bytes, as: UTF8.self))")
        require(read.version == version, "an answer has its question's version")
        require(read.isAuthenticated == (decision.access != nil), "an answer says what was decided")
        require(read.user == decision.access?.user, "an answer's user reads back as it was")
        require(
            (read.error != nil) == (decision.reason.map { !$0.isForeign } ?? false), "only a no to ours has an error")
    }
}
