public import AccessPolicy
internal import Authentication
internal import EntraTokens
public import Jansson
internal import Timestamps

extension InspectionReport {
    /// The contract's object.
    public var json: JSON {
        .object([
            ("verdict", .string(verdict.rawValue)),
            ("reason", JSON(reason?.code)),
            ("message", .string(message)),
            ("hint", JSON(hint)),
            ("checks", .array(checks.map(\.json))),
            ("header", header.map { JSON($0) } ?? .object([])),
            ("claims", claims.map { JSON($0.json) } ?? .object([])),
            ("claimsTrusted", .bool(areClaimsTrusted)),
            ("subject", subject),
            (
                "times",
                .object([
                    ("issuedAt", JSON(claims?.issuedAt?.rfc3339)), ("notBefore", JSON(claims?.notBefore?.rfc3339)),
                    ("expires", JSON(claims?.expires?.rfc3339)),
                ])
            ),
            ("user", user?.json ?? .null),
            ("admin", .bool(isAdmin)),
            ("adminGroups", JSON(adminGroups.map(\.description))),
            ("mappedGroups", JSON(mappedGroups.map(\.description))),
            ("groupCount", .integer(Int64(claims?.groups.objectIDs.count ?? 0))),
            ("droppedGroups", .integer(Int64(claims?.groups.droppedCount ?? 0))),
            ("notes", JSON(notes)),
        ])
    }

    private var subject: JSON {
        .object([
            ("kind", .string(kind.rawValue)),
            ("tenantID", JSON(claims?.tenantID)),
            ("objectID", JSON(claims?.objectID)),
            ("tokenVersion", JSON(claims?.version?.rawValue)),
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
        var members: [(String, JSON)] = [
            ("name", .string(check.rawValue)), ("status", .string(status)), ("detail", .string(detail)),
        ]
        if case .failed(let reason) = outcome {
            members.append(("reason", .string(reason.code)))
            members.append(("hint", JSON(hint)))
        }
        return .object(members)
    }
}

extension KubernetesUser {
    /// The user as a TokenReview's status has it.
    public var json: JSON {
        .object([
            ("username", .string(username)),
            ("uid", .string(uid)),
            ("groups", JSON(groups)),
            ("extra", .object(extra.map { ($0.name, JSON($0.values)) })),
        ])
    }
}
