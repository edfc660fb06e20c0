import Testing

@testable import LineLogging

@Suite("What a text needs in a line")
struct TextNeedsTests {
    private func needs(_ bytes: [UInt8]) -> TextNeeds { bytes.withUnsafeBufferPointer { TextNeeds($0) } }

    @Test("Every byte, alone and at each place among plain ones")
    func everyByte() {
        for byte in UInt8.min...UInt8.max {
            let quotes = byte <= 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "=")
            let escapes = byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
            for count in [1, 7, 8, 9, 16, 21] {
                for place in 0..<count {
                    var bytes = [UInt8](repeating: UInt8(ascii: "~"), count: count)
                    bytes[place] = byte
                    let found = needs(bytes)
                    #expect(found.quotes == quotes && found.escapes == escapes, "\(byte) at \(place) of \(count)")
                }
            }
        }
    }

    @Test("An empty text needs quotation marks")
    func empty() {
        #expect(needs([]).quotes)
        #expect(!needs([]).escapes)
    }
}
