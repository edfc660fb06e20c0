internal import AccessPolicy
internal import Authentication
public import Configuration
internal import EntraTokens
internal import Jansson
internal import SafeText
public import Timestamps

/// Somebody about whom both configurations are asked.
public struct SamplePrincipal: Sendable {
    public var name: String
    public var question: PolicyQuestion
    public var at: Timestamp?

    public init(name: String, question: PolicyQuestion, at: Timestamp? = nil) {
        self.name = name
        self.question = question
        self.at = at
    }

    /// The principals of a suite's cases.
    public static func from(_ suite: PolicySuite) -> [SamplePrincipal] {
        suite.cases.map { SamplePrincipal(name: $0.name, question: $0.question, at: $0.at) }
    }
}

/// A principal who becomes somebody else.
public struct WitnessChange: Sendable {
    public var name: String
    public var before: PolicyAnswer
    public var after: PolicyAnswer
}

/// What differs between two configurations. Order and comments make no difference, except where order means something.
public struct PolicyDiff: Sendable {
    public var changes: [ConfigurationChange]
    public var witnesses: [WitnessChange]

    public var isEmpty: Bool { changes.isEmpty && witnesses.isEmpty }

    /// What the whole change does to people's power.
    public enum Direction: String, Sendable {
        /// Nothing differs.
        case none
        /// Somebody gains, and nobody loses anything.
        case loosens
        /// Somebody loses, and nobody gains anything.
        case tightens
        /// Both, or it depends.
        case mixed
    }

    public var direction: Direction {
        let effects = Set(changes.map(\.effect))
        if effects.isEmpty { return witnesses.isEmpty ? .none : .mixed }
        return effects == [.gains] ? .loosens : effects == [.loses] ? .tightens : .mixed
    }

    /// Compares.
    ///
    /// - Parameters:
    ///   - witnesses: principals to be judged under both.
    ///   - now: what has expired by then gives nothing.
    public init(
        from old: LoadedConfiguration,
        to new: LoadedConfiguration,
        witnesses: [SamplePrincipal] = [],
        now: Timestamp
    ) {
        changes = old.changes(to: new, now: now)
        self.witnesses = PolicyDiff.changed(witnesses, old.configuration, new.configuration, now: now)
    }

    private static func changed(
        _ witnesses: [SamplePrincipal],
        _ old: WebhookConfiguration,
        _ new: WebhookConfiguration,
        now: Timestamp
    ) -> [WitnessChange] {
        let before = PolicyChecker(old.authentication)
        let after = PolicyChecker(new.authentication)
        return witnesses.compactMap { witness in
            let time = witness.at ?? now
            // The same claims for both: a token does not change because a configuration does.
            let maker = witness.isKnown(to: old) || !witness.isKnown(to: new) ? before : after
            guard let claims = try? witness.question.prepared(for: maker.settings, now: time) else { return nil }
            let change = WitnessChange(
                name: witness.name, before: before.answer(claims, now: time), after: after.answer(claims, now: time))
            return change.isDifferent ? change : nil
        }
    }
}

extension SamplePrincipal {
    /// Whether the principal's tenant is one of the configuration's.
    fileprivate func isKnown(to configuration: WebhookConfiguration) -> Bool {
        guard case .principal(let principal) = question, let tenant = principal.tenantID else { return true }
        return configuration.tenants.contains { $0.trust.tenantID == tenant }
    }
}

extension WitnessChange {
    fileprivate var isDifferent: Bool {
        before.reason != after.reason || before.isAdmin != after.isAdmin
            || before.access?.user.username != after.access?.user.username
            || Set(before.access?.user.groups ?? []) != Set(after.access?.user.groups ?? [])
            || before.access?.emergencyReason != after.access?.emergencyReason
    }

    /// What becomes otherwise, for people.
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
        if let old = before.access?.user, let new = after.access?.user {
            if old.username != new.username { parts.append("is called \(new.username) instead of \(old.username)") }
            let gained = new.groups.filter { !old.groups.contains($0) }
            let lost = old.groups.filter { !new.groups.contains($0) }
            if !gained.isEmpty { parts.append("gets \(gained.joined(separator: ", "))") }
            if !lost.isEmpty { parts.append("loses \(lost.joined(separator: ", "))") }
        }
        if before.access?.emergencyReason != after.access?.emergencyReason, before.isAdmitted, after.isAdmitted {
            parts.append(
                after.access?.emergencyReason == nil
                    ? "has no emergency access any more"
                    : before.access?.emergencyReason == nil
                        ? "has emergency access now" : "has emergency access for another reason")
        }
        return PrintableText.whole("\(name): \(parts.joined(separator: "; "))")
    }
}
