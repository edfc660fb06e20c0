/// Whether a string needs quotation marks or escapes in a line. It is searched eight bytes at a time, since most
/// strings need neither.
struct TextNeeds: Equatable {
    /// The string is empty, or has blanks, control characters, equals signs or quotation marks.
    let quotes: Bool
    /// The string has quotation marks, backslashes, control characters, or characters beyond ASCII.
    let escapes: Bool

    init(_ utf8: UnsafeBufferPointer<UInt8>) {
        let bytes = UnsafeRawBufferPointer(utf8)
        var (quotes, escapes) = (UInt64(bytes.isEmpty ? 1 : 0), UInt64(0))
        var place = 0
        while place + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            let mark = Self.marks(word, is: 0x22)
            quotes |= Self.marks(word, below: 0x21) | mark | Self.marks(word, is: 0x3D)
            escapes |= Self.marks(word, below: 0x20) | mark | Self.marks(word, is: 0x5C) | Self.marks(word, is: 0x7F)
            escapes |= word & Self.highBits
            place += 8
        }
        while place < bytes.count {
            let byte = bytes[place]
            if byte <= 0x20 || byte == 0x22 || byte == 0x3D { quotes = 1 }
            if byte < 0x20 || byte >= 0x7F || byte == 0x22 || byte == 0x5C { escapes = 1 }
            place += 1
        }
        self.quotes = quotes != 0
        self.escapes = escapes != 0
    }

    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// Not zero if one of the bytes is less than `limit`, which is at most 128. Which byte it is cannot be seen, since
    /// subtraction borrows from the next one.
    private static func marks(_ word: UInt64, below limit: UInt64) -> UInt64 {
        (word &- ones &* limit) & ~word & highBits
    }

    /// Not zero if one of the bytes equals `byte`.
    private static func marks(_ word: UInt64, is byte: UInt64) -> UInt64 { marks(word ^ ones &* byte, below: 1) }
}
