import Glibc

/// The names of one object's members.
enum JSONNames {
    /// Up to this number of names, those with the same tag are compared in pairs. More names are sorted first, so that
    /// the cost stays nearly linear.
    private static let maximumPairwise = 32

    /// Whether all names differ after decoding.
    static func areDistinct(_ entries: ArraySlice<JSONScanner.Entry>, in bytes: UnsafeRawBufferPointer) -> Bool {
        let hasEscapes = entries.contains { $0.hasEscapedKey }
        guard entries.count <= maximumPairwise, !hasEscapes else {
            return hasEscapes ? areDistinctDecoded(entries, in: bytes) : areDistinctSorted(entries, in: bytes)
        }
        // Most names have a bit of their own here. Only if the bit is already set is a name compared with earlier ones.
        var seen: UInt128 = 0
        for index in entries.indices {
            let entry = entries[index]
            let bit = UInt128(1) << UInt128((entry.tag &* 0x9E37_79B1) >> 25)
            if seen & bit != 0 {
                for other in entries[..<index] where other.tag == entry.tag {
                    if isEqual(entry.key(in: bytes).bytes, other.key(in: bytes).bytes) { return false }
                }
            }
            seen |= bit
        }
        return true
    }

    private static func areDistinctSorted(
        _ entries: ArraySlice<JSONScanner.Entry>, in bytes: UnsafeRawBufferPointer
    ) -> Bool {
        let names = entries.map { $0.key(in: bytes).bytes }.sorted(by: isOrdered)
        return zip(names, names.dropFirst()).allSatisfy { !isEqual($0, $1) }
    }

    private static func areDistinctDecoded(
        _ entries: ArraySlice<JSONScanner.Entry>, in bytes: UnsafeRawBufferPointer
    ) -> Bool {
        let names = entries.map { entry in
            let name = entry.key(in: bytes).bytes
            return entry.hasEscapedKey ? JSONEscapes.decode(name) : Array(name)
        }.sorted { left, right in
            left.withUnsafeBytes { left in right.withUnsafeBytes { isOrdered(left, $0) } }
        }
        return zip(names, names.dropFirst()).allSatisfy { $0 != $1 }
    }

    private static func isOrdered(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return left.count < right.count }
        guard let one = left.baseAddress, let other = right.baseAddress else { return false }
        return memcmp(one, other, left.count) < 0
    }
}
