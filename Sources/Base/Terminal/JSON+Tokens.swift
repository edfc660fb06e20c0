public import Jansson
import SafeText

extension JSON {
    /// A copy in which every token in strings and names is replaced.
    public func hidingTokens() -> JSON {
        switch self {
        case .object(let members):
            .object(members.map { (TokenMask.hide($0.0), $0.1.hidingTokens()) })
        case .array(let elements): .array(elements.map { $0.hidingTokens() })
        case .string(let text): .string(TokenMask.hide(text))
        case .integer, .real, .bool, .null: self
        }
    }
}
