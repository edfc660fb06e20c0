import Entra
import Jansson
import SafeText

extension ClaimValue {
    /// Whether a claim's value equals this one. Strings are compared byte by byte, because `==` treats canonically
    /// equivalent characters as equal. `1` and `1.0` are the same number, as in JSON.
    func isMet(by value: JSONValue) -> Bool {
        switch self {
        case .string(let text):
            value.withStringBytes { text.text.utf8.elementsEqual($0) } ?? false
        case .integer(let number):
            value.integer.map { $0 == number } ?? value.number.map { Int64(exactly: $0) == number } ?? false
        case .real(let number): value.number == number
        case .boolean(let isTrue): value.bool == isTrue
        }
    }
}
