public import Jansson
internal import SafeText

/// One difference between two configurations, in words of people and power.
public struct ConfigurationChange: Hashable, Sendable {
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
