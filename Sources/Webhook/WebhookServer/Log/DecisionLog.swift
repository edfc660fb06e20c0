import AccessPolicy
import Authentication
import EntraTokens
import LineLogging
import Logging
import OpenSSL

/// One line a decision, on one event loop: at `info`, or at `warning` when emergency access was used. Never a token, a
/// name or an address.
///
/// The same refusal may come in floods, since every token that nobody else knows ends up here: then only so many
/// lines are written, and one that says how many were left out.
final class DecisionLog {
    /// Lines a second for one reason.
    static let linesPerReason = 100

    private let logger: Logger
    private let metrics: ServerMetrics
    /// Takes every decision about tokens that are ours to judge.
    private var audit: LineWriter?
    /// The way around the dictionary that swift-log wants for each line.
    private let lines: LineLogHandler?
    private var clock = LineClock()
    private var written: [RefusalReason: Int] = [:]
    private var leftOut: [RefusalReason: Int] = [:]

    init(logger: Logger, metrics: ServerMetrics, audit: LineWriter? = nil) {
        self.logger = logger
        self.metrics = metrics
        self.audit = audit
        lines = (logger.handler as? LineLogHandler).flatMap { $0.hasOwnMetadata ? nil : $0 }
    }

    func update(audit: LineWriter?) {
        self.audit = audit
    }

    /// Returns whether the log, and not the audit file alone, has a line for it.
    @discardableResult
    func record(_ decision: Decision, id: String, digest: SHA256Digest, nanoseconds: Int64) -> Bool {
        let isAudited = audit != nil && decision.reason?.isForeign != true
        let level: Logger.Level = decision.access?.emergencyReason == nil ? .info : .warning
        let isLogged = logger.logLevel <= level && isWorthALine(decision)
        guard isAudited || isLogged else { return false }
        let fields = DecisionFields(decision, id: id, digest: digest, nanoseconds: nanoseconds)
        var line = LogLine(time: clock.text(), level: nil, message: nil, fields: fields.values)
        if isAudited { audit?.write(line.json) }
        guard isLogged else { return false }
        if let lines {
            line.level = level.rawValue
            line.message = "token review"
            lines.write(line)
        } else {
            logger.log(level: level, "token review", metadata: fields.metadata)
        }
        return true
    }

    /// One line for a denied access review at `info`, for one without an opinion at `debug`.
    func record(_ denial: AccessDenial?, id: String, nanoseconds: Int64) {
        let level: Logger.Level = denial == nil ? .debug : .info
        let isAudited = audit != nil && denial != nil
        let isLogged = logger.logLevel <= level && (denial.map { isWorthALine($0.reason) } ?? true)
        guard isAudited || isLogged else { return }
        let fields = DecisionFields(denial, id: id, nanoseconds: nanoseconds)
        var line = LogLine(time: clock.text(), level: nil, message: nil, fields: fields.values)
        if isAudited { audit?.write(line.json) }
        guard isLogged else { return }
        if let lines {
            line.level = level.rawValue
            line.message = "access review"
            lines.write(line)
        } else {
            logger.log(level: level, "access review", metadata: fields.metadata)
        }
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
        decision.reason.map { isWorthALine($0) } ?? true
    }

    private func isWorthALine(_ reason: RefusalReason) -> Bool {
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
        if let losses = lines?.takeLosses() {
            let lost = losses.queueFull + losses.writeFailed
            if lost > 0 { metrics.recordLost(.logQueueFull, count: lost) }
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
        values.reserveCapacity(12)
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
