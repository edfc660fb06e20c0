import AccessPolicy
import Authentication
import Entra
import LineLogging
import Logging
import OpenSSL

/// One log line for each decision of one event loop, at `info`. It never contains a token, a name or an address.
/// A use of emergency access has a second line, at `warning`, so that a log of warnings shows it too.
///
/// The same refusal may come in floods, because every token that no other authenticator knows arrives here. Then only a
/// limited number of lines is written, and one that says how many were left out. The audit file has every decision
/// about a token that Entra signed; ``AuditLimit`` is for the others.
final class DecisionLog {
    /// Lines a second for each reason.
    static let linesPerReason = 100

    private let logger: Logger
    private let metrics: ServerMetrics
    /// Receives every decision about our tenants' tokens.
    private var audit: LineWriter?
    private let auditLimit: AuditLimit
    /// SHA-256 of the configuration that decides.
    private var configurationSHA256: String?
    /// Avoids the dictionary that swift-log needs for each line.
    private let lines: LineLogHandler?
    private var clock = LineClock()
    /// Keeps its memory for the next line.
    private var line = LineEncoder()
    /// Lines written for each reason. The key is the reason's precedence, because a number is hashed faster than the
    /// text of the reason.
    private var written: [Int: Int] = [:]
    private var leftOut: [RefusalReason: Int] = [:]

    init(
        logger: Logger, metrics: ServerMetrics, audit: LineWriter? = nil, auditLimit: AuditLimit = AuditLimit(),
        configurationSHA256: String? = nil
    ) {
        self.logger = logger
        self.metrics = metrics
        self.audit = audit
        self.auditLimit = auditLimit
        self.configurationSHA256 = configurationSHA256
        lines = (logger.handler as? LineLogHandler).flatMap { $0.hasOwnMetadata ? nil : $0 }
    }

    func update(audit: LineWriter?) {
        self.audit = audit
    }

    func update(configurationSHA256: String) {
        self.configurationSHA256 = configurationSHA256
    }

    /// Logs a decision. Returns whether the log has a line for it, not only the audit file.
    @discardableResult
    func record(
        _ decision: Decision, id: String, digest: SHA256Digest, from caller: ClientIdentity = .unknown,
        nanoseconds: Int64
    ) -> Bool {
        let isAudited = audit != nil && isWorthAnAuditLine(decision)
        if decision.access?.emergencyReason != nil { warnOfEmergencyAccess(decision, id: id) }
        let isLogged = logger.logLevel <= .info && isWorthALine(decision)
        guard isAudited || isLogged else { return false }
        let fields = DecisionFields(decision: decision, id: id, digest: digest, nanoseconds: nanoseconds)
        let time = clock.text()
        if isAudited {
            writeAudit(time) { line in
                fields.write(to: &line)
                AuditFields(caller: caller, configurationSHA256: configurationSHA256).write(to: &line, about: decision)
            }
        }
        guard isLogged else { return false }
        if let lines {
            lines.write(time: time, level: .info, message: "token review", with: &line) { fields.write(to: &$0) }
        } else {
            var metadata = MetadataFields()
            fields.write(to: &metadata)
            logger.log(level: .info, "token review", metadata: metadata.metadata)
        }
        return true
    }

    /// Names the principal too: with `logging.level: warning` the line of the decision is not written.
    private func warnOfEmergencyAccess(_ decision: Decision, id: String) {
        var metadata: Logger.Metadata = ["decision": "\(id)"]
        if let tenant = decision.subject.tenantID { metadata["tenant"] = "\(tenant)" }
        if let objectID = decision.subject.objectID { metadata["objectID"] = "\(objectID)" }
        logger.warning("emergency access was used", metadata: metadata)
    }

    /// One line for a denied access review at `info`, and for one without opinion at `debug`.
    func record(_ denial: AccessDenial?, id: String, from caller: ClientIdentity = .unknown, nanoseconds: Int64) {
        let level: Logger.Level = denial == nil ? .debug : .info
        let isAudited = audit != nil && denial != nil
        let isLogged = logger.logLevel <= level && (denial.map { isWorthALine($0.reason) } ?? true)
        guard isAudited || isLogged else { return }
        let fields = AccessFields(denial: denial, id: id, nanoseconds: nanoseconds)
        let time = clock.text()
        if isAudited {
            writeAudit(time) { line in
                fields.write(to: &line)
                AuditFields(caller: caller, configurationSHA256: configurationSHA256).write(to: &line)
            }
        }
        guard isLogged else { return }
        if let lines {
            lines.write(time: time, level: level, message: "access review", with: &line) { fields.write(to: &$0) }
        } else {
            var metadata = MetadataFields()
            fields.write(to: &metadata)
            logger.log(level: level, "access review", metadata: metadata.metadata)
        }
    }

    private func writeAudit(_ time: String, fields: (inout LineEncoder) -> Void) {
        line.begin(.json, time: time)
        fields(&line)
        line.finish()
        if let audit { line.withUnsafeBytes { audit.write($0) } }
    }

    /// Whether the single checks of a decision are logged too.
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

    /// Our own decisions are audited, all of them if the token is Entra's.
    private func isWorthAnAuditLine(_ decision: Decision) -> Bool {
        guard let reason = decision.reason else { return true }
        if reason.isForeign { return false }
        if decision.subject.isVerified { return true }
        guard let leftOut = auditLimit.admit(reason) else {
            metrics.recordLost(.auditRepeated)
            return false
        }
        if leftOut > 0 { auditLeftOut(leftOut, reason) }
        return true
    }

    /// The line in the place of those that were left out.
    private func auditLeftOut(_ count: Int, _ reason: RefusalReason) {
        writeAudit(clock.text()) { line in
            line.add("result", "refused")
            line.add("reason", reason.code)
            line.add("leftOut", Int64(count))
        }
    }

    private func isWorthALine(_ decision: Decision) -> Bool {
        decision.reason.map { isWorthALine($0) } ?? true
    }

    private func isWorthALine(_ reason: RefusalReason) -> Bool {
        let count = written[reason.precedence, default: 0]
        guard count < Self.linesPerReason else {
            leftOut[reason, default: 0] += 1
            metrics.recordLost(.repeated)
            return false
        }
        written[reason.precedence] = count + 1
        return true
    }

    /// Called once a second: starts a new count and reports how many lines the last second left out.
    func secondPassed() {
        if let losses = audit?.takeLosses() {
            if losses.queueFull > 0 { metrics.recordLost(.auditQueueFull, count: losses.queueFull) }
            if losses.writeFailed > 0 { metrics.recordLost(.auditWriteFailed, count: losses.writeFailed) }
        }
        if let losses = lines?.takeLosses() {
            let lost = losses.queueFull + losses.writeFailed
            if lost > 0 { metrics.recordLost(.logQueueFull, count: lost) }
        }
        if audit != nil { for (reason, count) in auditLimit.takeLeftOut() { auditLeftOut(count, reason) } }
        if !written.isEmpty { written.removeAll(keepingCapacity: true) }
        logLeftOut()
    }

    /// Reports what was left out and not reported yet. For the end of the program.
    func finish() {
        if audit != nil { for (reason, count) in auditLimit.takeLeftOut(isLast: true) { auditLeftOut(count, reason) } }
        logLeftOut()
    }

    private func logLeftOut() {
        guard !leftOut.isEmpty else { return }
        for (reason, count) in leftOut.sorted(by: { $0.key < $1.key }) {
            logger.info(
                "token reviews left out of the log",
                metadata: ["reason": "\(reason.code)", "leftOut": "\(count)"])
        }
        leftOut.removeAll(keepingCapacity: true)
    }
}
