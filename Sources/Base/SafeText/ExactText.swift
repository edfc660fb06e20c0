internal import Glibc

/// Text that equals another text only when all bytes are the same.
///
/// `String` compares by canonical equivalence: a letter with an accent equals the letter followed by a combining accent.
/// RBAC, Entra and file systems compare bytes, so every identifier that is compared is an `ExactText`.
public struct ExactText: Hashable, Sendable {
    /// The text itself, for output.
    public let text: String

    /// Wraps a text so that it is compared byte by byte.
    public init(_ text: String) {
        self.text = text
    }

    /// Whether both have the same UTF-8 bytes.
    public static func == (left: ExactText, right: ExactText) -> Bool {
        // By runs of bytes: an iterator of characters' bytes costs thirty instructions a byte.
        var (left, right) = (left.text, right.text)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                guard left.count == right.count, let one = left.baseAddress, let other = right.baseAddress else {
                    return left.count == right.count
                }
                return memcmp(one, other, left.count) == 0
            }
        }
    }

    /// Hashes the UTF-8 bytes.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // As `String` does: no text is the beginning of another.
        hasher.combine(0xFF as UInt8)
    }
}

extension ExactText: Comparable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// Wraps a literal.
    public init(stringLiteral text: String) { self.init(text) }

    /// The order of the UTF-8 bytes.
    public static func < (left: ExactText, right: ExactText) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// The text itself.
    public var description: String { text }
}
