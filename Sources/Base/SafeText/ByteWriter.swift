/// Bytes that are written front to back, such as a line or a JSON document. Each append costs little, because nothing
/// but the end and the memory has to be looked at.
public struct ByteWriter: ~Copyable {
    @usableFromInline var memory: UnsafeMutableRawBufferPointer
    /// Number of bytes that were written.
    public private(set) var count = 0

    /// - Parameter capacity: how many bytes are expected; there may be more.
    public init(capacity: Int) {
        memory = .allocate(byteCount: max(64, capacity), alignment: 1)
    }

    deinit { memory.deallocate() }

    /// A copy of the bytes.
    public var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    /// Calls a closure with the bytes, which are valid only during the call.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }

    /// Drops the bytes and keeps the memory.
    public mutating func removeAll() { count = 0 }

    private mutating func reserve(_ more: Int) {
        guard memory.count - count < more else { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(memory.count * 2, count + more), alignment: 1)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
        memory.deallocate()
        memory = larger
    }

    /// Appends one byte.
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        memory[count] = byte
        count += 1
    }

    /// Appends bytes.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        append(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    /// Appends a constant.
    public mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a string in UTF-8.
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends as many bytes as a closure writes.
    ///
    /// - Parameters:
    ///   - count: how many bytes that is.
    ///   - write: writes all of them.
    public mutating func append(count added: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        reserve(added)
        write(UnsafeMutableRawBufferPointer(rebasing: memory[count..<(count + added)]))
        count += added
    }

    /// Appends a number in decimal.
    public mutating func append(decimal number: Int64) {
        var rest = number.magnitude
        var digits = 1
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        if number < 0 { append(UInt8(ascii: "-")) }
        append(count: digits) { buffer in
            var rest = number.magnitude
            for place in stride(from: digits - 1, through: 0, by: -1) {
                buffer[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
        }
    }
}
