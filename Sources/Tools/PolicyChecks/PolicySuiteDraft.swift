import AccessPolicy
import Authentication
import Entra
public import EntraTokens
import Jansson
import SafeText
public import Timestamps

/// Writes a suite with one case from a real principal: the current access, to compare future access with.
public enum PolicySuiteDraft {
    /// Claims that decisions depend on. All other claims of a token are left out of the file.
    private static let relevantClaims = [
        "iss", "aud", "ver", "tid", "oid", "appid", "azp", "upn", "idtyp", "idp", "acct", "scp", "roles", "groups",
        "hasgroups", "_claim_names", "xms_idrel", "xms_mirid", "xms_sub_fct", "xms_act_fct", "cnf", "iat", "nbf", "exp",
    ]

    /// A suite about a token's principal; nil if the signature is invalid, so that the claims mean nothing.
    public static func render(
        token: [UInt8],
        keys: KeySnapshot,
        checker: PolicyChecker,
        now: Timestamp
    ) -> String? {
        let (answer, claims) = checker.evaluate(token: token, keys: keys, now: now, resolvedGroups: nil)
        guard let claims else { return nil }
        return render(JSON(claims), resolvedGroups: nil, answer: answer, checker: checker, now: now)
    }

    /// A suite about a question's principal.
    public static func render(_ question: PolicyQuestion, checker: PolicyChecker, now: Timestamp) -> String {
        let answer = checker.answer(question, now: now)
        switch question {
        case .claims(let document, let resolved):
            return render(
                JSON(document.root), resolvedGroups: resolved, answer: answer, checker: checker, now: now)
        case .principal(let principal):
            var given: [(String, JSON)] = []
            if let id = principal.tenantID { given.append(("tenantID", .string(id.description))) }
            if let id = principal.objectID { given.append(("objectID", .string(id.description))) }
            if let user = principal.user { given.append(("user", .string(user))) }
            if principal.kind != .user { given.append(("kind", .string(principal.kind.rawValue))) }
            if !principal.roles.isEmpty { given.append(("roles", JSON(principal.roles))) }
            if let id = principal.clientAppID { given.append(("clientAppID", .string(id.description))) }
            if principal.hasGroupOverage { given.append(("groupOverage", .bool(true))) }
            given.append(("groups", JSON(principal.groups.map(\.description))))
            return suite(given: given, answer: answer, at: nil)
        }
    }

    private static func render(
        _ claims: JSON,
        resolvedGroups: [GUID]?,
        answer: PolicyAnswer,
        checker: PolicyChecker,
        now: Timestamp
    ) -> String {
        guard case .object(let members) = claims else { return "" }
        let required = checker.settings.tenants.flatMap { $0.trust.requiredClaims.map(\.claim) }
        let kept = members.filter { relevantClaims.contains($0.0) || required.contains(ExactText($0.0)) }
        var given: [(String, JSON)] = [("claims", .object(kept))]
        if let resolvedGroups { given.append(("resolvedGroups", JSON(resolvedGroups.map(\.description)))) }
        // The claims contain times, so the case is always checked as of now.
        return suite(given: given, answer: answer, at: now)
    }

    private static func suite(given: [(String, JSON)], answer: PolicyAnswer, at: Timestamp?) -> String {
        let who = answer.access?.user.username ?? "somebody who is refused"
        var lines = ["tests:", "  - name: " + JSON.string("\(who): as of today").yaml]
        if let at { lines.append("    at: \(at.rfc3339)") }
        lines.append("    given:")
        for (name, value) in given {
            if case .object(let members) = value {
                lines.append("      \(name):")
                lines.append(
                    contentsOf:
                        members.map { "        " + JSON.yamlKey($0.0, separator: "\n        ") + $0.1.yaml })
            } else {
                lines.append("      \(name): \(value.yaml)")
            }
        }
        lines.append("    expect:")
        if let access = answer.access {
            lines.append("      admitted: true")
            lines.append("      admin: \(access.isAdmin)")
            lines.append("      username: " + JSON.string(access.user.username).yaml)
            lines.append("      groups: " + JSON(access.user.groups).yaml)
        } else {
            lines.append("      admitted: false")
            if let reason = answer.reason { lines.append("      reason: \(reason.code)") }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
