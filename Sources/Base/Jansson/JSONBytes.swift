import Glibc

/// Whether two buffers have the same bytes.
func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count, let one = left.baseAddress, let other = right.baseAddress else {
        return left.count == right.count
    }
    return memcmp(one, other, left.count) == 0
}

/// Searches in the bytes of JSON strings.
public enum JSONBytes {
    /// Index of the next byte that needs a closer look: a quotation mark, a backslash, a control character or a byte
    /// beyond ASCII. The end if there is none.
    public static func nextSpecial(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var place = start
        // Most strings end soon: object IDs have 36 characters.
        if let found = specialWord(in: bytes, from: &place, to: min(start + 40, bytes.count)) { return found }
        // Tokens are long and have no special bytes, so 64 bytes are checked at a time.
        if let base = bytes.baseAddress {
            while place + 64 <= bytes.count, !hasSpecial(base + place) { place += 64 }
        }
        if let found = specialWord(in: bytes, from: &place, to: bytes.count) { return found }
        while place < bytes.count {
            let byte = bytes[place]
            if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { return place }
            place += 1
        }
        return place
    }

    /// Index of the first special byte, searched in words of eight bytes, which takes fewer instructions than the
    /// compiler's vector code. If there is none, `place` is after the last whole word.
    @inline(__always)
    private static func specialWord(in bytes: UnsafeRawBufferPointer, from place: inout Int, to end: Int) -> Int? {
        while place + 8 <= end {
            let found = special(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)))
            if found != 0 { return place + found.trailingZeroBitCount / 8 }
            place += 8
        }
        return nil
    }

    /// Whether one of the next 64 bytes is special.
    @inline(__always)
    private static func hasSpecial(_ block: UnsafeRawPointer) -> Bool {
        var found: UInt64 = 0
        // No early exit, so that the compiler can check several words in one step.
        for offset in 0..<8 { found |= special(block.loadUnaligned(fromByteOffset: offset &* 8, as: UInt64.self)) }
        return found != 0
    }

    /// Index of the first occurrence of a byte; nil if there is none.
    static func first(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int? {
        guard start < end, let base = bytes.baseAddress, let found = memchr(base + start, Int32(byte), end - start)
        else {
            return nil
        }
        return UnsafeRawPointer(found) - base
    }

    /// Marks the bytes of a word that are special in their high bits. The lowest mark is right; those above it may not
    /// be, since subtraction borrows from the next byte.
    @inline(__always)
    private static func special(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let mark = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let isMark = (mark &- ones) & ~mark
        let isBackslash = (backslash &- ones) & ~backslash
        let isControl = (word &- ones &* 0x20) & ~word
        return (isMark | isBackslash | isControl | word) & (ones &* 0x80)
    }

    /// Index after the character that starts here with a byte beyond ASCII; nil for invalid UTF-8 (RFC 3629 section 4).
    static func endOfScalar(in bytes: UnsafeRawBufferPointer, from place: Int) -> Int? {
        func isContinuation(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
            place + offset < bytes.count && range.contains(bytes[place + offset])
        }
        let lead = bytes[place]
        switch lead {
        case 0xC2...0xDF:
            return isContinuation(1) ? place + 2 : nil
        case 0xE0...0xEF:
            // Rejects overlong forms and surrogates.
            let second: ClosedRange<UInt8> = lead == 0xE0 ? 0xA0...0xBF : lead == 0xED ? 0x80...0x9F : 0x80...0xBF
            return isContinuation(1, second) && isContinuation(2) ? place + 3 : nil
        case 0xF0...0xF4:
            let second: ClosedRange<UInt8> = lead == 0xF0 ? 0x90...0xBF : lead == 0xF4 ? 0x80...0x8F : 0x80...0xBF
            return isContinuation(1, second) && isContinuation(2) && isContinuation(3) ? place + 4 : nil
        default: return nil
        }
    }
}

/// Escape sequences (RFC 8259 section 7).
enum JSONEscapes {
    /// Index after the sequence that starts with this backslash. Nil for an invalid sequence, a lone surrogate and,
    /// unless it is accepted, the character 0.
    static func end(of place: Int, in bytes: UnsafeRawBufferPointer, acceptsZero: Bool) -> Int? {
        guard place + 1 < bytes.count else { return nil }
        switch bytes[place + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return place + 2
        case UInt8(ascii: "u"):
            guard let first = unit(at: place, in: bytes), first != 0 || acceptsZero else { return nil }
            switch first {
            case 0xD800...0xDBFF:
                guard let second = unit(at: place + 6, in: bytes), (0xDC00...0xDFFF).contains(second) else {
                    return nil
                }
                return place + 12
            case 0xDC00...0xDFFF: return nil
            default: return place + 6
            }
        default: return nil
        }
    }

    /// The bytes of a string that was found to be valid.
    static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        var place = 0
        while place < text.count {
            guard text[place] == UInt8(ascii: "\\"), place + 1 < text.count else {
                decoded.append(text[place])
                place += 1
                continue
            }
            switch text[place + 1] {
            case UInt8(ascii: "b"): decoded.append(0x08)
            case UInt8(ascii: "f"): decoded.append(0x0C)
            case UInt8(ascii: "n"): decoded.append(0x0A)
            case UInt8(ascii: "r"): decoded.append(0x0D)
            case UInt8(ascii: "t"): decoded.append(0x09)
            case UInt8(ascii: "u"):
                var value = unit(at: place, in: text) ?? 0xFFFD
                if (0xD800...0xDBFF).contains(value), let second = unit(at: place + 6, in: text) {
                    value = 0x10000 + (value - 0xD800) << 10 + (second - 0xDC00)
                    place += 6
                }
                if let scalar = Unicode.Scalar(value), let bytes = UTF8.encode(scalar) {
                    decoded.append(contentsOf: bytes)
                }
                place += 4
            default: decoded.append(text[place + 1])
            }
            place += 2
        }
        return decoded
    }

    /// The number of the sequence `\uXXXX` that starts here.
    private static func unit(at place: Int, in bytes: UnsafeRawBufferPointer) -> UInt32? {
        guard place + 6 <= bytes.count, bytes[place] == UInt8(ascii: "\\"), bytes[place + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var value: UInt32 = 0
        for offset in 2..<6 {
            let byte = bytes[place + offset]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - 0x30)
            case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = value << 4 | UInt32((byte | 0x20) - 0x57)
            default: return nil
            }
        }
        return value
    }
}
