import AccessPolicy
import Authentication
import Entra
import LineLogging
import Logging
import OpenSSL

/// The fields of the contract's decision line, in its order.
struct DecisionFields {
    private(set) var values: [(name: String, value: String)]

    init(_ decision: Decision, id: String, digest: SHA256Digest, nanoseconds: Int64) {
        values = [("decision", id)]
        values.reserveCapacity(13)
        switch decision.outcome {
        case .accepted(let access):
            add("result", "accepted")
            add("admin", access.isAdmin ? "true" : "false")
            if let reason = access.emergencyReason {
                add("emergencyAccess", "true")
                if !reason.isEmpty { add("emergencyReason", reason) }
            }
        case .refused(let reason):
            add("result", reason.isForeign ? "foreign" : "refused")
            add("reason", reason.code)
            add("admin", "false")
            if let denial = decision.denial {
                add("deniedBy", denial.kind.rawValue)
                add("deniedReason", denial.reason)
            }
        }
        let subject = decision.subject
        if let tenant = subject.tenantID { add("tenant", tenant.description) }
        if let kind = subject.kind { add("subjectKind", kind.rawValue) }
        if let objectID = subject.objectID { add("objectID", objectID.description) }
        if let clientAppID = subject.clientAppID { add("clientAppID", clientAppID) }
        if let keyID = subject.keyID ?? decision.untrustedKeyID { add("keyID", keyID) }
        add("durationMicroseconds", String(nanoseconds / 1000))
        add("tokenSHA256", String(digest.hex.prefix(12)))
        if let tokenID = subject.tokenID { add("tokenID", tokenID) }
    }

    init(_ denial: AccessDenial?, id: String, nanoseconds: Int64) {
        values = [("decision", id)]
        add("result", denial == nil ? "noOpinion" : "denied")
        if let denial {
            add("reason", denial.reason.code)
            if let entry = denial.denial {
                add("deniedBy", entry.kind.rawValue)
                add("deniedReason", entry.reason)
            }
            add("tenant", denial.tenantID.description)
            add("objectID", denial.objectID.description)
        }
        add("durationMicroseconds", String(nanoseconds / 1000))
    }

    private mutating func add(_ name: String, _ value: String) {
        values.append((name, value))
    }

    var metadata: Logger.Metadata {
        Logger.Metadata(uniqueKeysWithValues: values.map { ($0.name, .string($0.value)) })
    }
}

/// Fields of the audit file in addition to the log's: what was granted, who asked, and which configuration decided.
struct AuditFields {
    let caller: ClientIdentity
    let configurationSHA256: String?

    /// The line of a token decision.
    func line(_ fields: DecisionFields, time: String, about decision: Decision) -> LogLine {
        var line = LogLine(time: time, fields: fields.values)
        if let version = decision.subject.tokenVersion { line.fields.append(("tokenVersion", version.rawValue)) }
        addCircumstances(to: &line)
        guard let user = decision.access?.user else { return line }
        line.fields.append(("username", user.username))
        if !user.objectIDGroups.isEmpty { line.fields.append(("groupObjectIDs", String(user.objectIDGroups.count))) }
        line.lists.append(("groups", user.namedGroups))
        let admins = user.extra.first { $0.name == AccessPolicy.adminGroupsName }
        if let admins { line.lists.append(("adminGroupObjectIDs", admins.values)) }
        return line
    }

    /// The line of an access decision, which grants nothing.
    func line(_ fields: DecisionFields, time: String) -> LogLine {
        var line = LogLine(time: time, fields: fields.values)
        addCircumstances(to: &line)
        return line
    }

    private func addCircumstances(to line: inout LogLine) {
        let caller = caller.description
        if !caller.isEmpty { line.fields.append(("caller", caller)) }
        if let configurationSHA256 { line.fields.append(("configurationSHA256", configurationSHA256)) }
    }
}
