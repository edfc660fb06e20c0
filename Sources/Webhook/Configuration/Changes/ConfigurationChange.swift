public import Jansson
import SafeText

/// One difference between two configurations, and its effect on people's access.
public struct ConfigurationChange: Hashable, Sendable {
    /// The effect on somebody's access.
    public enum Effect: String, Hashable, Sendable {
        /// Somebody can do more.
        case gains
        /// Somebody can do less.
        case loses
        /// Neither, or it depends on the principal.
        case changes
    }

    /// The field; tenants are named by ID, for example `tenants[11111111-…].audiences`.
    public var field: String
    /// The effect on somebody's access.
    public var effect: Effect
    /// What the change means, as a clause for people.
    public var message: String
    /// The old value in the configuration's words; nil for none.
    public var before: String?
    /// The new value in the configuration's words; nil for none.
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

    /// One line for people: `+` for more access, `-` for less.
    public var text: String {
        let mark =
            switch effect {
            case .gains: "+"
            case .loses: "-"
            case .changes: "~"
            }
        return "\(mark) \(PrintableText.whole(message))"
    }

    /// The change for programs, as in `policy diff --output json`.
    public var json: JSON {
        .object([
            ("field", .string(field)), ("effect", .string(effect.rawValue)), ("message", .string(message)),
            ("before", JSON(before)), ("after", JSON(after)),
        ])
    }
}
