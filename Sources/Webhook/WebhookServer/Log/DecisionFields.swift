import AccessPolicy
import Authentication
import Entra
import LineLogging
import Logging
import OpenSSL

/// The fields of the contract's decision line, in its order.
struct DecisionFields {
    let decision: Decision
    let id: String
    let digest: SHA256Digest
    let nanoseconds: Int64

    func write(to line: inout some FieldWriter & ~Copyable) {
        line.add("decision", id)
        switch decision.outcome {
        case .accepted(let access):
            line.add("result", "accepted")
            line.add("admin", access.isAdmin)
            if let reason = access.emergencyReason {
                line.add("emergencyAccess", true)
                if !reason.isEmpty { line.add("emergencyReason", reason) }
            }
        case .refused(let reason):
            line.add("result", reason.isForeign ? "foreign" : "refused")
            line.add("reason", reason.code)
            line.add("admin", false)
            if let denial = decision.denial {
                line.add("deniedBy", denial.kind.rawValue)
                line.add("deniedReason", denial.reason)
            }
        }
        if let tenant = decision.subject.tenantID { line.add("tenant", tenant) }
        if let kind = decision.subject.kind { line.add("subjectKind", kind.rawValue) }
        if let objectID = decision.subject.objectID { line.add("objectID", objectID) }
        if let clientAppID = decision.subject.clientAppID { line.add("clientAppID", clientAppID) }
        if let keyID = decision.subject.keyID ?? decision.untrustedKeyID { line.add("keyID", keyID) }
        line.add("durationMicroseconds", nanoseconds / 1000)
        line.add("tokenSHA256", plain: Self.digestDigits) { digest.writeHexadecimal(to: $0) }
        if let tokenID = decision.subject.tokenID { line.add("tokenID", tokenID) }
    }

    /// Enough digits to tell the tokens of a cluster apart.
    private static let digestDigits = 12
}

/// The fields of the line of an access review.
struct AccessFields {
    /// Why the request is denied; nil for no opinion.
    let denial: AccessDenial?
    let id: String
    let nanoseconds: Int64

    func write(to line: inout some FieldWriter & ~Copyable) {
        line.add("decision", id)
        line.add("result", denial == nil ? "noOpinion" : "denied")
        if let denial {
            line.add("reason", denial.reason.code)
            if let entry = denial.denial {
                line.add("deniedBy", entry.kind.rawValue)
                line.add("deniedReason", entry.reason)
            }
            line.add("tenant", denial.tenantID)
            line.add("objectID", denial.objectID)
        }
        line.add("durationMicroseconds", nanoseconds / 1000)
    }
}

/// Fields of the audit file in addition to the log's: what was granted, who asked, and which configuration decided.
struct AuditFields {
    let caller: ClientIdentity
    let configurationSHA256: String?

    /// - Parameter decision: nil for an access review, which grants nothing.
    func write(to line: inout LineEncoder, about decision: Decision? = nil) {
        if let version = decision?.subject.tokenVersion { line.add("tokenVersion", version.rawValue) }
        let caller = caller.description
        if !caller.isEmpty { line.add("caller", caller) }
        if let configurationSHA256 { line.add("configurationSHA256", configurationSHA256) }
        guard let user = decision?.access?.user else { return }
        line.add("username", user.username)
        if !user.objectIDGroups.isEmpty { line.add("groupObjectIDs", Int64(user.objectIDGroups.count)) }
        line.add("groups", list: user.namedGroups)
        let admins = user.facts?.adminGroups ?? []
        if !admins.isEmpty { line.add("adminGroupObjectIDs", list: admins.map(\.description)) }
    }
}

extension FieldWriter where Self: ~Copyable {
    fileprivate mutating func add(_ name: StaticString, _ id: GUID) {
        add(name, plain: GUID.textLength) { id.write(to: $0) }
    }
}

/// Fields as swift-log wants them, for loggers that write elsewhere.
struct MetadataFields: FieldWriter {
    private(set) var metadata: Logger.Metadata = [:]

    mutating func add(_ name: StaticString, _ value: String) { metadata["\(name)"] = .string(value) }

    mutating func add(_ name: StaticString, plain count: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        let value = String(unsafeUninitializedCapacity: count) { buffer in
            write(UnsafeMutableRawBufferPointer(buffer))
            return count
        }
        metadata["\(name)"] = .string(value)
    }

    mutating func add(_ name: StaticString, _ number: Int64) { metadata["\(name)"] = "\(number)" }

    mutating func add(_ name: StaticString, _ flag: Bool) { metadata["\(name)"] = "\(flag)" }
}
