public import SafeText

/// One accepted value of a required claim: a string, a number or a boolean. A claim of another JSON type never matches.
public enum ClaimValue: Hashable, Sendable {
    case string(ExactText)
    case integer(Int64)
    /// A number with a fraction or an exponent.
    case real(Double)
    case boolean(Bool)

    /// The value of a string; nil for the other types.
    public var string: String? {
        if case .string(let text) = self { text.text } else { nil }
    }
}

extension ClaimValue: CustomStringConvertible {
    /// As JSON writes it; a string stands without quotes unless it could be mistaken for another type.
    public var description: String {
        switch self {
        case .string(let text):
            ["true", "false", "null", ""].contains(text) || Double(text.text) != nil ? "\"\(text)\"" : text.text
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .boolean(let isTrue): "\(isTrue)"
        }
    }
}

extension ClaimValue: Comparable {
    /// Booleans, then numbers, then strings: an order for people.
    public static func < (left: ClaimValue, right: ClaimValue) -> Bool {
        switch (left.number, right.number) {
        case (let left?, let right?): left < right
        case (nil, nil):
            switch (left, right) {
            case (.string(let left), .string(let right)): left < right
            case (.boolean(let left), .boolean(let right)): !left && right
            case (.boolean, _): true
            default: false
            }
        case (_?, nil): right.string != nil
        case (nil, _?): left.string == nil
        }
    }

    private var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .real(let number): number
        case .string, .boolean: nil
        }
    }
}

extension ClaimValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    /// A string value, so that tests and tables can write `"Corporate"`.
    public init(stringLiteral value: String) { self = .string(ExactText(value)) }
    /// An integer value.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A boolean value.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}
