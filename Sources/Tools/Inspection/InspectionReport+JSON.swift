public import AccessPolicy
import Authentication
import Entra
import EntraTokens
public import Jansson
import Terminal
import Timestamps

extension InspectionReport {
    /// The contract's object with everything that the text says. Anything in the form of a token is replaced, also in
    /// header and claims.
    public var json: JSON { complete.hidingTokens() }

    private var complete: JSON {
        let header: JSON = header.map { JSON($0) } ?? .object([])
        let claimed: JSON = claims.map { JSON($0.json) } ?? .object([])
        let envelope: JSON = envelope.map(InspectionReport.parts) ?? .null
        let groups = claims?.groups
        return .object([
            ("tokenSHA256", .string(tokenSHA256)),
            ("verdict", .string(verdict.rawValue)),
            ("reason", JSON(reason?.code)),
            ("message", .string(message)),
            ("hint", JSON(hint)),
            ("checks", .array(checks.map(\.json))),
            ("header", header),
            ("claims", claimed),
            ("claimsTrusted", .bool(areClaimsTrusted)),
            ("subject", subject),
            ("times", times),
            ("user", user?.json ?? .null),
            ("admin", .bool(isAdmin)),
            ("because", .array(because.map(\.json))),
            ("adminGroups", JSON(adminGroups.map(\.description))),
            ("mappedGroups", JSON(mappedGroups.map(\.groupObjectID.description))),
            ("groupCount", .integer(Int64(groups?.objectIDs.count ?? 0))),
            ("droppedGroups", .integer(Int64(groups?.droppedCount ?? 0))),
            ("groupOverage", .bool(groups?.hasOverage ?? false)),
            ("audience", application(claims?.audience)),
            ("clientApp", application(claims?.clientAppID)),
            ("input", input),
            ("envelope", envelope),
            ("notes", JSON(notes)),
        ])
    }

    /// The subject of `inspect`, and the start of the token's digest.
    public var tokenSubject: JSON {
        guard case .object(let members) = subject else { return subject }
        return JSON.object(members + [("tokenSHA256", .string(tokenSHA256))]).hidingTokens()
    }

    private var subject: JSON {
        .object([
            ("kind", .string(kind.rawValue)),
            ("tenantID", JSON(claims?.tenantID)),
            ("objectID", JSON(claims?.objectID)),
            ("tokenVersion", JSON(claims?.version?.rawValue)),
            ("displayNames", .object(displayNames.map { ($0.claim, .string($0.value)) })),
        ])
    }

    private var times: JSON {
        .object([
            ("issuedAt", JSON(claims?.issuedAt?.rfc3339)),
            ("notBefore", JSON(claims?.notBefore?.rfc3339)),
            ("expires", JSON(claims?.expires?.rfc3339)),
            ("judgedAt", .string(now.rfc3339)),
            ("issued", relative(claims?.issuedAt)),
            ("valid", relative(claims?.notBefore)),
            ("ends", relative(claims?.expires)),
        ])
    }

    private func relative(_ time: Timestamp?) -> JSON {
        JSON(time.map { RelativeTime.describe($0, now: now) })
    }

    private func application(_ id: String?) -> JSON {
        .object([("id", JSON(id)), ("name", JSON(id.flatMap(WellKnownApplication.name)))])
    }

    private var input: JSON {
        .object([("kind", .string(form.kind.rawValue)), ("name", .string(form.name)), ("from", JSON(origin))])
    }

    /// The proof-of-possession token without its signature and without the access token, which is in `header` and
    /// `claims`.
    private static func parts(_ envelope: SignedHTTPRequest) -> JSON {
        let (header, payload) = envelope.untrustedParts
        let members = (payload.members ?? []).filter { $0.name != "at" }
        return .object([
            ("header", JSON(header)), ("claims", .object(members.map { ($0.name, JSON($0.value)) })),
        ])
    }
}

extension InspectionReport.Check {
    var status: String {
        switch outcome {
        case .passed: "passed"
        case .skipped: "skipped"
        case .failed: "failed"
        }
    }

    var json: JSON {
        .object([
            ("name", .string(check.rawValue)), ("status", .string(status)), ("detail", .string(detail)),
            ("reason", JSON(reason?.code)), ("hint", JSON(hint)),
        ])
    }
}

extension Grant {
    fileprivate var json: JSON {
        .object([("rule", .string(rule.rawValue)), ("matched", .string(matched)), ("gives", JSON(gives))])
    }
}

extension KubernetesUser {
    /// The user in the form of a TokenReview's status.
    public var json: JSON {
        .object([
            ("username", .string(username)),
            ("uid", .string(uid)),
            ("groups", JSON(groups)),
            ("extra", .object(extra.map { ($0.name, JSON($0.values)) })),
        ])
    }
}
