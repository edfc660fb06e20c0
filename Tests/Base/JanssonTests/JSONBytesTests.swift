import Jansson
import Testing

@Suite("Bytes of JSON strings that need a closer look")
struct JSONBytesTests {
    @Test("Each byte is found, at any place and from any start")
    func everyByte() {
        for byte in UInt8.min...UInt8.max {
            let isSpecial =
                byte < 0x20 || byte >= 0x80 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
            for (count, places) in [(7, 0..<7), (64, 0..<64), (150, 60..<150)] {
                for place in places {
                    var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: count)
                    bytes[place] = byte
                    for start in [0, place / 2, place] {
                        let found = bytes.withUnsafeBytes { JSONBytes.nextSpecial(in: $0, from: start) }
                        #expect(found == (isSpecial ? place : count), "\(byte) at \(place) of \(count), from \(start)")
                    }
                }
            }
        }
    }

    @Test("The first of many is found")
    func firstOfMany() {
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 70) + [UInt8](repeating: 0x22, count: 70)
        #expect(bytes.withUnsafeBytes { JSONBytes.nextSpecial(in: $0, from: 0) } == 70)
        #expect(bytes.withUnsafeBytes { JSONBytes.nextSpecial(in: $0, from: 71) } == 71)
        #expect(bytes.withUnsafeBytes { JSONBytes.nextSpecial(in: $0, from: 140) } == 140)
    }
}
