/// Base64url without padding, strict as JWS requires (RFC 7515 section 2, RFC 4648 section 5).
public enum Base64URL {
    /// Decodes. Nil for padding, white space, `+`, `/`, an impossible length, or non-zero trailing bits.
    ///
    /// Each byte string has exactly one accepted encoding, so nobody can make two tokens out of one.
    public static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let length = decodedLength(text.count) else { return nil }
        var valid = true
        let decoded = [UInt8](unsafeUninitializedCapacity: length) { output, count in
            valid = decode(text, into: output)
            count = valid ? length : 0
        }
        return valid ? decoded : nil
    }

    /// Number of bytes in an encoding of `length` characters; nil if no encoding has that length.
    public static func decodedLength(_ length: Int) -> Int? {
        let tail = length % 4
        return tail == 1 ? nil : length / 4 * 3 + (tail == 0 ? 0 : tail - 1)
    }

    /// Encodes without padding.
    public static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        let length = (bytes.count * 4 + 2) / 3
        return String(unsafeUninitializedCapacity: length) { output in
            var position = 0
            var accumulator: UInt32 = 0
            var bits = 0
            for byte in bytes {
                accumulator = accumulator << 8 | UInt32(byte)
                bits += 8
                while bits >= 6 {
                    bits -= 6
                    output[position] = alphabet[Int(accumulator >> UInt32(bits) & 63)]
                    position += 1
                }
            }
            if bits > 0 {
                output[position] = alphabet[Int(accumulator << UInt32(6 - bits) & 63)]
                position += 1
            }
            return position
        }
    }

    /// Encodes without padding.
    public static func encode(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { encode($0) }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// 0 to 63, or 255 for characters outside of the alphabet.
    private static let decodingTable: [UInt8] = {
        var table = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    /// Decodes into memory of ``decodedLength(_:)`` bytes; false where ``decode(_:)`` returns nil.
    public static func decode(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<UInt8>) -> Bool {
        decodingTable.withUnsafeBufferPointer { table in decode(text, into: output, table: table) }
    }

    private static func decode(
        _ text: UnsafeRawBufferPointer,
        into output: UnsafeMutableBufferPointer<UInt8>,
        table: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        let tail = text.count % 4
        // Invalid characters set the two high bits, which are checked once, at the end.
        var seen: UInt8 = 0
        var read = 0
        var written = 0
        (read, written) = decodeGroups(text, into: output, seen: &seen)
        while read + 4 <= text.count {
            let first = table[Int(text[read])]
            let second = table[Int(text[read + 1])]
            let third = table[Int(text[read + 2])]
            let fourth = table[Int(text[read + 3])]
            seen |= first | second | third | fourth
            output[written] = first << 2 | second >> 4
            output[written + 1] = second << 4 | third >> 2
            output[written + 2] = third << 6 | fourth
            read += 4
            written += 3
        }
        if tail >= 2 {
            let first = table[Int(text[read])]
            let second = table[Int(text[read + 1])]
            seen |= first | second
            output[written] = first << 2 | second >> 4
            if tail == 2 {
                guard second & 15 == 0 else { return false }
            } else {
                let third = table[Int(text[read + 2])]
                seen |= third
                output[written + 1] = second << 4 | third >> 2
                guard third & 3 == 0 else { return false }
            }
        }
        return seen < 64
    }

    /// For each of four characters: its six bits at their place among the 24 bits of the group, in the high bits of a
    /// word. The lowest bit marks characters outside of the alphabet.
    private static let groupTable: [UInt32] = (0..<4).flatMap { place in
        decodingTable.map { $0 == 255 ? 1 : UInt32($0) << UInt32(26 - place * 6) }
    }

    /// The 24 bits of four characters, the first of which is the lowest byte of the word.
    @inline(__always)
    private static func group(_ word: UInt32, _ table: UnsafeBufferPointer<UInt32>) -> UInt32 {
        table[Int(word & 0xFF)] | table[256 &+ Int(word >> 8 & 0xFF)]
            | table[512 &+ Int(word >> 16 & 0xFF)] | table[768 &+ Int(word >> 24)]
    }

    /// Decodes eight characters at a time, then four. Each step writes one or two bytes more than it decodes, and is
    /// left out where they would not fit, so the last characters may remain for the caller.
    ///
    /// - Parameter seen: all its bits are set if there is a character outside of the alphabet.
    private static func decodeGroups(
        _ text: UnsafeRawBufferPointer, into output: UnsafeMutableBufferPointer<UInt8>, seen: inout UInt8
    ) -> (read: Int, written: Int) {
        let bytes = UnsafeMutableRawBufferPointer(output)
        var invalid: UInt32 = 0
        var read = 0
        var written = 0
        groupTable.withUnsafeBufferPointer { table in
            // Two groups give six bytes, but eight are written. The next group overwrites the last two.
            while read + 8 <= text.count, written + 8 <= bytes.count {
                let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: read, as: UInt64.self))
                let first = group(UInt32(truncatingIfNeeded: word), table)
                let second = group(UInt32(truncatingIfNeeded: word >> 32), table)
                invalid |= first | second
                let both = UInt64(first) << 32 | UInt64(second) << 8
                bytes.storeBytes(of: both.bigEndian, toByteOffset: written, as: UInt64.self)
                read &+= 8
                written &+= 6
            }
            while read + 4 <= text.count, written + 4 <= bytes.count {
                let word = UInt32(littleEndian: text.loadUnaligned(fromByteOffset: read, as: UInt32.self))
                let group = group(word, table)
                invalid |= group
                // The next group overwrites the fourth byte.
                bytes.storeBytes(of: group.bigEndian, toByteOffset: written, as: UInt32.self)
                read += 4
                written += 3
            }
        }
        if invalid & 1 != 0 { seen = 0xFF }
        return (read, written)
    }
}
