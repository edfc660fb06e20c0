import AccessPolicy
import Authentication
public import Configuration
import Entra
import Jansson
import SafeText
public import Timestamps

/// A principal about whom both configurations are asked.
public struct SamplePrincipal: Sendable {
    /// The name of the case.
    public var name: String
    /// The principal.
    public var question: PolicyQuestion
    /// The time of the check; nil for now.
    public var at: Timestamp?

    public init(name: String, question: PolicyQuestion, at: Timestamp? = nil) {
        self.name = name
        self.question = question
        self.at = at
    }

    /// The principals of files with claims, and of suites.
    ///
    /// - Throws: `CommandFailure` or `ConfigurationError` if a file cannot be used.
    public static func load(claims: [String], suites: [String]) throws -> [SamplePrincipal] {
        let described = try claims.map { file in
            SamplePrincipal(name: file, question: .claims(try ClaimsFile.read(file), resolvedGroups: nil))
        }
        return described + (try PolicySuite.load(paths: suites).flatMap { SamplePrincipal.from($0) })
    }

    /// The principals of a suite's cases.
    public static func from(_ suite: PolicySuite) -> [SamplePrincipal] {
        suite.cases.map { SamplePrincipal(name: $0.name, question: $0.question, at: $0.at) }
    }
}

/// A principal whose access changes.
public struct SampleChange: Sendable {
    /// The name of the case.
    public var name: String
    /// The access under the old configuration.
    public var before: PolicyAnswer
    /// The access under the new configuration.
    public var after: PolicyAnswer
}

/// The differences between two configurations. Order and comments are ignored, unless the order has a meaning.
public struct PolicyDiff: Sendable {
    /// Changes of single fields.
    public var changes: [ConfigurationChange]
    /// Principals whose access changes.
    public var principals: [SampleChange]

    /// Whether there are no differences.
    public var isEmpty: Bool { changes.isEmpty && principals.isEmpty }

    /// The effect of the whole change on people's access.
    public enum Direction: String, Sendable {
        /// The configurations grant the same.
        case none
        /// Somebody gains access, and nobody loses any.
        case loosens
        /// Somebody loses access, and nobody gains any.
        case tightens
        /// Both, or the effect is unknown.
        case mixed
    }

    /// The effect of the whole change on people's access.
    public var direction: Direction {
        let effects = Set(changes.map(\.effect))
        if effects.isEmpty { return principals.isEmpty ? .none : .mixed }
        return effects == [.gains] ? .loosens : effects == [.loses] ? .tightens : .mixed
    }

    /// Compares two configurations.
    ///
    /// - Parameters:
    ///   - principals: principals to check under both.
    ///   - now: entries that have expired by then grant nothing.
    public init(
        from old: LoadedConfiguration,
        to new: LoadedConfiguration,
        principals: [SamplePrincipal] = [],
        now: Timestamp
    ) {
        changes = old.changes(to: new, now: now)
        self.principals = PolicyDiff.changed(principals, old.configuration, new.configuration, now: now)
    }

    private static func changed(
        _ principals: [SamplePrincipal],
        _ old: WebhookConfiguration,
        _ new: WebhookConfiguration,
        now: Timestamp
    ) -> [SampleChange] {
        let before = PolicyChecker(old.authentication)
        let after = PolicyChecker(new.authentication)
        return principals.compactMap { principal in
            let time = principal.at ?? now
            // Both get the same claims: a token does not change because a configuration does.
            let maker = principal.isKnown(to: old) || !principal.isKnown(to: new) ? before : after
            guard let claims = try? principal.question.prepared(for: maker.settings, now: time) else { return nil }
            let change = SampleChange(
                name: principal.name, before: before.answer(claims, now: time), after: after.answer(claims, now: time))
            return change.isDifferent ? change : nil
        }
    }
}

extension SamplePrincipal {
    /// Whether the configuration has the principal's tenant.
    fileprivate func isKnown(to configuration: WebhookConfiguration) -> Bool {
        guard case .principal(let principal) = question, let tenant = principal.tenantID else { return true }
        return configuration.tenants.contains { $0.trust.tenantID == tenant }
    }
}

extension PolicyAnswer {
    fileprivate var username: ExactText? { access.map { ExactText($0.user.username) } }
    fileprivate var groups: [ExactText] { access?.user.groups.map { ExactText($0) } ?? [] }
    fileprivate var emergencyReason: ExactText? { access?.emergencyReason.map { ExactText($0) } }
}

extension SampleChange {
    fileprivate var isDifferent: Bool {
        before.reason != after.reason || before.isAdmin != after.isAdmin
            || before.username != after.username || Set(before.groups) != Set(after.groups)
            || before.emergencyReason != after.emergencyReason
    }

    /// What changes, for people.
    public var text: String {
        var parts: [String] = []
        switch (before.reason, after.reason) {
        case (.some, nil): parts.append("may sign in now")
        case (nil, .some(let reason)): parts.append("may no longer sign in (\(reason.code))")
        case (.some(let old), .some(let new)) where old != new:
            parts.append("is refused for \(new.code) instead of \(old.code)")
        default: break
        }
        if before.isAdmin != after.isAdmin {
            parts.append(after.isAdmin ? "becomes cluster admin" : "is no longer cluster admin")
        }
        if let old = before.username, let new = after.username {
            if old != new { parts.append("is called \(new) instead of \(old)") }
            let gained = after.groups.filter { !before.groups.contains($0) }.map(\.text)
            let lost = before.groups.filter { !after.groups.contains($0) }.map(\.text)
            if !gained.isEmpty { parts.append("gets \(gained.joined(separator: ", "))") }
            if !lost.isEmpty { parts.append("loses \(lost.joined(separator: ", "))") }
        }
        if before.emergencyReason != after.emergencyReason, before.isAdmitted, after.isAdmitted {
            parts.append(
                after.access?.emergencyReason == nil
                    ? "has no emergency access any more"
                    : before.access?.emergencyReason == nil
                        ? "has emergency access now" : "has emergency access for another reason")
        }
        return PrintableText.whole("\(name): \(parts.joined(separator: "; "))")
    }
}
