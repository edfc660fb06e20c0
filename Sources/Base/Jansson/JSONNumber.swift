import Glibc

/// Numbers (RFC 8259 section 6) in the range of ``JSONDocument``: 64-bit integers and finite reals.
enum JSONNumber {
    /// The end of the number that starts here, and whether it has a fraction or an exponent. Nil if it is not a number
    /// or out of range.
    static func scan(_ bytes: UnsafeRawBufferPointer, from start: Int) -> (end: Int, isReal: Bool)? {
        var place = start
        if bytes[place] == UInt8(ascii: "-") { place += 1 }
        let whole = digits(bytes, from: place)
        guard whole > place, whole == place + 1 || bytes[place] != UInt8(ascii: "0") else { return nil }
        let wholeDigits = whole - place
        place = whole
        var isReal = false
        if place < bytes.count, bytes[place] == UInt8(ascii: ".") {
            isReal = true
            let end = digits(bytes, from: place + 1)
            guard end > place + 1 else { return nil }
            place = end
        }
        var exponent = 0
        if place < bytes.count, bytes[place] | 0x20 == UInt8(ascii: "e") {
            isReal = true
            place += 1
            var isNegative = false
            if place < bytes.count, bytes[place] == UInt8(ascii: "-") || bytes[place] == UInt8(ascii: "+") {
                isNegative = bytes[place] == UInt8(ascii: "-")
                place += 1
            }
            let end = digits(bytes, from: place)
            guard end > place else { return nil }
            if !isNegative {
                for byte in bytes[place..<end] { exponent = min(exponent * 10 + Int(byte - 0x30), 1 << 20) }
            }
            place = end
        }
        let text = UnsafeRawBufferPointer(rebasing: bytes[start..<place])
        if !isReal {
            guard integer(text) != nil else { return nil }
        } else if wholeDigits + exponent > 308 {
            // Near the largest number, only a conversion can tell.
            guard isFinite(text) else { return nil }
        }
        return (place, isReal)
    }

    /// The value of an integer; nil if it needs more than 64 bits.
    static func integer(_ text: UnsafeRawBufferPointer) -> Int64? {
        let isNegative = text.first == UInt8(ascii: "-")
        var value: Int64 = 0
        // Eighteen digits always fit into 64 bits.
        if text.count <= 18 {
            for byte in text[(isNegative ? 1 : 0)...] { value = value &* 10 &+ Int64(byte &- 0x30) }
            return isNegative ? -value : value
        }
        for byte in text[(isNegative ? 1 : 0)...] {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            let digit = Int64(byte) - 0x30
            let (sum, isTooLarge) =
                isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            guard !isTooLarge else { return nil }
            value = sum
        }
        return value
    }

    private static func digits(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var place = start
        while place < bytes.count, bytes[place] &- 0x30 < 10 { place += 1 }
        return place
    }

    private static func isFinite(_ text: UnsafeRawBufferPointer) -> Bool {
        let terminated = [UInt8](text) + [0]
        return terminated.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { strtod($0, nil).isFinite } ?? false }
        }
    }
}
