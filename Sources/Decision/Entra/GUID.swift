/// A tenant, object, group or application ID: 128 bits, written as 8-4-4-4-12 hexadecimal digits.
///
/// Tokens carry hundreds of them, so the functions that sets and searches need are inlinable.
@frozen
public struct GUID: Hashable, Comparable, Sendable, CustomStringConvertible {
    @usableFromInline let high: UInt64
    @usableFromInline let low: UInt64

    /// Whether all 128 bits are the same, regardless of the case of the text.
    @inlinable
    public static func == (left: GUID, right: GUID) -> Bool {
        left.high == right.high && left.low == right.low
    }

    @inlinable
    public func hash(into hasher: inout Hasher) {
        hasher.combine(high)
        hasher.combine(low)
    }

    /// Both halves in one number, to distribute IDs evenly: nearly all bits of Entra's IDs are random.
    @inlinable
    public var folded: UInt64 { high ^ low }

    /// Reads exactly the 36 characters of the hyphenated form in either case, as tokens carry it. Nil for anything
    /// else.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        let hyphen = UInt8(ascii: "-")
        guard bytes.count == 36, bytes[8] == hyphen, bytes[13] == hyphen, bytes[18] == hyphen, bytes[23] == hyphen
        else { return nil }
        // Reads eight digits at a time, because a token can carry hundreds of IDs.
        guard let first = GUID.value(eight(at: 0)), let second = GUID.value(four(at: 9) << 32 | four(at: 14)),
            let third = GUID.value(four(at: 19) << 32 | four(at: 24)), let fourth = GUID.value(eight(at: 28))
        else { return nil }
        high = first << 32 | second
        low = third << 32 | fourth

        func eight(at offset: Int) -> UInt64 {
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        func four(at offset: Int) -> UInt64 {
            UInt64(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        }
    }

    /// Reads the hyphenated form in either case. Nil for anything else; braces are not accepted.
    public init?(_ text: String) {
        var text = text
        guard let id = text.withUTF8({ GUID(UnsafeRawBufferPointer($0)) }) else { return nil }
        self = id
    }

    /// The ID in an application ID URI of the usual form, `api://<ID>`. Nil for any other URI.
    public static func inApplicationIDURI(_ uri: String) -> GUID? {
        let scheme = "api://"
        guard uri.utf8.starts(with: scheme.utf8) else { return nil }
        return GUID(String(Substring(uri.utf8.dropFirst(scheme.utf8.count))))
    }

    /// All bits zero; no object has this ID.
    public static let zero = GUID(high: 0, low: 0)

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Lower case, hyphenated, as Entra writes it.
    public var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            write(to: UnsafeMutableRawBufferPointer(buffer))
            return 36
        }
    }

    /// Number of bytes that ``write(to:)`` writes.
    public static let textLength = 36

    /// Writes ``description`` as ASCII, without a string in between. The buffer must have room for ``textLength``
    /// bytes.
    public func write(to bytes: UnsafeMutableRawBufferPointer) {
        precondition(bytes.count >= GUID.textLength, "no room for an ID")
        let second = GUID.digits(high & 0xFFFF_FFFF)
        let third = GUID.digits(low >> 32)
        bytes.storeBytes(of: GUID.digits(high >> 32).bigEndian, toByteOffset: 0, as: UInt64.self)
        store(second >> 32, at: 9)
        store(second, at: 14)
        store(third >> 32, at: 19)
        store(third, at: 24)
        bytes.storeBytes(of: GUID.digits(low & 0xFFFF_FFFF).bigEndian, toByteOffset: 28, as: UInt64.self)
        bytes[8] = UInt8(ascii: "-")
        bytes[13] = UInt8(ascii: "-")
        bytes[18] = UInt8(ascii: "-")
        bytes[23] = UInt8(ascii: "-")

        func store(_ digits: UInt64, at offset: Int) {
            bytes.storeBytes(of: UInt32(truncatingIfNeeded: digits).bigEndian, toByteOffset: offset, as: UInt32.self)
        }
    }

    /// The order of the printed forms.
    @inlinable
    public static func < (left: GUID, right: GUID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// The same byte in each of the eight places.
    private static func each(_ byte: UInt64) -> UInt64 { byte &* 0x0101_0101_0101_0101 }

    /// The 32 bits that eight hexadecimal digits stand for; the first character is in the highest byte.
    private static func value(_ text: UInt64) -> UInt64? {
        guard text & each(0x80) == 0 else { return nil }
        // When bytes below 0x80 are added, the high bit of the sum says whether the byte is at least 0x80 minus the
        // addend.
        func isIn(_ first: UInt64, _ last: UInt64, _ bytes: UInt64) -> UInt64 {
            (bytes &+ each(0x80 - first)) & ~(bytes &+ each(0x7F - last))
        }
        let isDigit = isIn(0x30, 0x39, text)
        let isLetter = isIn(0x61, 0x66, text | each(0x20))
        guard (isDigit | isLetter) & each(0x80) == each(0x80) else { return nil }
        var digits = (text & each(0x0F)) &+ 9 &* (text >> 6 & each(1))
        digits = (digits | digits >> 4) & 0x00FF_00FF_00FF_00FF
        digits = (digits | digits >> 8) & 0x0000_FFFF_0000_FFFF
        return (digits | digits >> 16) & 0xFFFF_FFFF
    }

    /// Eight hexadecimal digits for 32 bits, the first character in the highest byte.
    private static func digits(_ value: UInt64) -> UInt64 {
        var digits = (value | value << 16) & 0x0000_FFFF_0000_FFFF
        digits = (digits | digits << 8) & 0x00FF_00FF_00FF_00FF
        digits = (digits | digits << 4) & each(0x0F)
        let isLetter = (digits &+ each(6)) >> 4 & each(1)
        return digits &+ each(0x30) &+ isLetter &* 0x27
    }
}
