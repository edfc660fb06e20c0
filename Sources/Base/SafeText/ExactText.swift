import Glibc

/// A string that equals another only if all bytes are the same.
///
/// `String` compares by canonical equivalence: a letter with an accent equals the letter followed by a combining
/// accent. RBAC, Entra and file systems compare bytes, so every identifier that is compared is an `ExactText`.
public struct ExactText: Hashable, Sendable {
    /// The string itself, for output.
    public let text: String

    /// Wraps a string, to compare it byte by byte.
    public init(_ text: String) {
        self.text = text
    }

    /// Whether both have the same UTF-8 bytes.
    public static func == (left: ExactText, right: ExactText) -> Bool {
        // Compares contiguous bytes: iterating over a string's bytes costs thirty instructions for each.
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

    /// Whether the text in UTF-8 consists of exactly these bytes.
    public func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var text = text
        return text.withUTF8 { own in
            guard own.count == bytes.count, let one = own.baseAddress, let other = bytes.baseAddress else {
                return own.count == bytes.count
            }
            return memcmp(one, other, own.count) == 0
        }
    }

    /// Hashes the UTF-8 bytes.
    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // Ends with 0xFF, as `String` does, so that no string is a prefix of another.
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

    /// The string itself.
    public var description: String { text }
}
