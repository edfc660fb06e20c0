import Timestamps

/// The place that a lint rule checks, and the facts it may use.
struct LintPlace: Sendable {
    /// For example `tenants[0].directory.timeout`.
    let path: String
    let configuration: WebhookConfiguration
    let facts: LintEnvironment

    var now: Timestamp { facts.now }

    func field(_ name: String) -> LintPlace {
        LintPlace(path: path.isEmpty ? name : "\(path).\(name)", configuration: configuration, facts: facts)
    }

    func element(_ index: Int) -> LintPlace {
        LintPlace(path: "\(path)[\(index)]", configuration: configuration, facts: facts)
    }

    /// One finding at this place.
    func finding(_ rule: LintRule, _ message: String, _ advice: String) -> [FieldFinding] {
        [FieldFinding(rule: rule, field: path, message: message, advice: advice)]
    }
}

/// A finding before its place in the file is known.
struct FieldFinding: Sendable {
    var rule: LintRule
    var field: String
    var message: String
    var advice: String
}
