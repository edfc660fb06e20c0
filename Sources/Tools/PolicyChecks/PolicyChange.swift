public import Jansson
internal import SafeText

/// One difference between two configurations, in words of people and power.
public struct PolicyChange: Hashable, Sendable {
    /// What a change does to somebody's power.
    public enum Effect: String, Hashable, Sendable {
        /// Somebody can do more.
        case gains
        /// Somebody can do less.
        case loses
        /// Neither, or it depends.
        case changes
    }

    /// The field, with tenants by their ID, for example `tenants[11111111-…].audiences`.
    public var field: String
    public var effect: Effect
    public var message: String
    /// What was there before, in the configuration's words; nil for nothing.
    public var before: String?
    public var after: String?

    public init(
        field: String,
        effect: Effect,
        message: String,
        before: String? = nil,
        after: String? = nil
    ) {
        self.field = field
        self.effect = effect
        self.message = message
        self.before = before
        self.after = after
    }

    public var text: String {
        let mark =
            switch effect {
            case .gains: "+"
            case .loses: "-"
            case .changes: "~"
            }
        return "\(mark) \(PrintableText.whole(message))"
    }

    public var json: JSON {
        .object([
            ("field", .string(field)), ("effect", .string(effect.rawValue)), ("message", .string(message)),
            ("before", JSON(before)), ("after", JSON(after)),
        ])
    }
}

/// Collects the differences of one part of the configuration.
struct ChangeCollector {
    private(set) var changes: [PolicyChange] = []
    /// Stands before each field.
    var path = ""
    /// Stands before each message.
    var subject = ""

    mutating func add(
        _ field: String,
        _ effect: PolicyChange.Effect,
        _ message: String,
        before: String? = nil,
        after: String? = nil
    ) {
        changes.append(
            PolicyChange(
                field: path + field, effect: effect, message: subject + message, before: before, after: after))
    }

    /// A value that is no matter of power, or whose effect the caller knows.
    mutating func value(
        _ field: String,
        _ before: String?,
        _ after: String?,
        _ effect: PolicyChange.Effect = .changes,
        _ message: String? = nil
    ) {
        guard before != after else { return }
        let standard = "\(path)\(field) changes from \(before ?? "the default") to \(after ?? "the default")"
        if let message {
            add(field, effect, message, before: before, after: after)
        } else {
            changes.append(
                PolicyChange(field: path + field, effect: effect, message: standard, before: before, after: after))
        }
    }

    /// What a set gained and lost, each element by itself.
    mutating func set<Element: Hashable & Comparable>(
        _ field: String,
        _ before: some Sequence<Element>,
        _ after: some Sequence<Element>,
        added: (Element) -> (PolicyChange.Effect, String),
        removed: (Element) -> (PolicyChange.Effect, String)
    ) {
        let old = Set(before)
        let new = Set(after)
        for element in new.subtracting(old).sorted() {
            let (effect, message) = added(element)
            add(field, effect, message, after: "\(element)")
        }
        for element in old.subtracting(new).sorted() {
            let (effect, message) = removed(element)
            add(field, effect, message, before: "\(element)")
        }
    }
}
