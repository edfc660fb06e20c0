import AccessPolicy
import Authentication
import EntraTokens
import Logging
import OpenSSL

/// One line a decision, on one event loop. Never a token, a name or an address.
///
/// The same refusal may come in floods, since every token that nobody else knows ends up here: then only so many
/// lines are written, and one that says how many were left out.
final class DecisionLog {
    /// Lines a second for one reason.
    static let linesPerReason = 10

    private let logger: Logger
    private let metrics: ServerMetrics
    /// Takes every decision about tokens that are ours to judge.
    private let audit: LineWriter?
    private var written: [RefusalReason: Int] = [:]
    private var leftOut: [RefusalReason: Int] = [:]

    init(logger: Logger, metrics: ServerMetrics, audit: LineWriter? = nil) {
        self.logger = logger
        self.metrics = metrics
        self.audit = audit
    }

    func record(_ decision: Decision, id: String, digest: SHA256Digest, nanoseconds: Int64) {
        var fields: DecisionFields?
        if let audit, decision.reason?.isForeign != true {
            let known = DecisionFields(decision, id: id, digest: digest, nanoseconds: nanoseconds)
            audit.write(known.auditLine)
            fields = known
        }
        guard logger.logLevel <= .info, isWorthALine(decision) else { return }
        let known = fields ?? DecisionFields(decision, id: id, digest: digest, nanoseconds: nanoseconds)
        logger.info("token review", metadata: known.metadata)
    }

    /// Whether the checks behind a decision are wanted too.
    var showsChecks: Bool { logger.logLevel <= .debug }

    func record(_ outcomes: [(check: TokenCheck, outcome: CheckOutcome)], id: String) {
        let texts = outcomes.map { check, outcome in
            switch outcome {
            case .passed: "\(check.rawValue): passed"
            case .skipped: "\(check.rawValue): skipped"
            case .failed(let reason): "\(check.rawValue): \(reason.code)"
            }
        }
        logger.debug(
            "checks", metadata: ["decision": "\(id)", "checks": "\(texts.joined(separator: ", "))"])
    }

    private func isWorthALine(_ decision: Decision) -> Bool {
        guard let reason = decision.reason else { return true }
        let count = written[reason, default: 0]
        guard count < Self.linesPerReason else {
            leftOut[reason, default: 0] += 1
            metrics.recordLost(.repeated)
            return false
        }
        written[reason] = count + 1
        return true
    }

    /// Called once a second: begins a new count and says what the last one left out.
    func secondPassed() {
        if let losses = audit?.takeLosses() {
            if losses.queueFull > 0 { metrics.recordLost(.auditQueueFull, count: losses.queueFull) }
            if losses.writeFailed > 0 { metrics.recordLost(.auditWriteFailed, count: losses.writeFailed) }
        }
        if !written.isEmpty { written.removeAll(keepingCapacity: true) }
        guard !leftOut.isEmpty else { return }
        for (reason, count) in leftOut.sorted(by: { $0.key < $1.key }) {
            logger.info(
                "token reviews left out of the log",
                metadata: ["reason": "\(reason.code)", "leftOut": "\(count)"])
        }
        leftOut.removeAll(keepingCapacity: true)
    }
}

/// The fields of the contract's decision line, in its order.
struct DecisionFields {
    private(set) var values: [(name: String, value: String)]

    init(_ decision: Decision, id: String, digest: SHA256Digest, nanoseconds: Int64) {
        values = [("decision", id)]
        values.reserveCapacity(11)
        switch decision.outcome {
        case .accepted(let access):
            add("result", "accepted")
            add("admin", access.isAdmin ? "true" : "false")
            if access.emergencyReason != nil { add("emergencyAccess", "true") }
        case .refused(let reason):
            add("result", reason.isForeign ? "foreign" : "refused")
            add("reason", reason.code)
        }
        let subject = decision.subject
        if let tenant = subject.tenantID { add("tenant", tenant.description) }
        if let kind = subject.kind { add("subjectKind", kind.rawValue) }
        if let objectID = subject.objectID { add("objectID", objectID.description) }
        if let clientAppID = subject.clientAppID { add("clientAppID", clientAppID) }
        if let keyID = subject.keyID { add("keyID", keyID) }
        add("durationMicroseconds", String(nanoseconds / 1000))
        add("tokenSHA256", String(digest.hex.prefix(12)))
    }

    private mutating func add(_ name: String, _ value: String) {
        values.append((name, value))
    }

    /// One line of the audit file.
    var auditLine: [UInt8] {
        LogLine(time: LogLine.timestamp(), level: nil, message: nil, fields: values).json
    }

    var metadata: Logger.Metadata {
        Logger.Metadata(uniqueKeysWithValues: values.map { ($0.name, .string($0.value)) })
    }
}
