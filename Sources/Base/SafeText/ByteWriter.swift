import Glibc

/// Bytes that are written from front to back, such as a line or a JSON document. An append checks only the capacity, so
/// it costs little.
public struct ByteWriter: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer
    @usableFromInline var capacity: Int
    @usableFromInline var used = 0

    /// - Parameter capacity: how many bytes are expected; there may be more.
    public init(capacity: Int) {
        self.capacity = max(64, capacity)
        base = Self.allocate(self.capacity)
    }

    deinit { free(base) }

    /// Uses `malloc`: Swift's own allocation requests aligned memory, which costs four times as much.
    private static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        guard let memory = malloc(count) else { preconditionFailure("there is no memory") }
        return memory
    }

    /// Number of bytes that were written.
    public var count: Int { used }

    /// A copy of the bytes.
    public var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

    /// Calls a closure with the bytes, which are valid only during the call.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(start: base, count: used))
    }

    /// Drops the bytes and keeps the memory.
    public mutating func removeAll() { used = 0 }

    /// Makes room for more bytes than fit.
    @usableFromInline
    mutating func grow(for more: Int) {
        let larger = max(capacity * 2, used + more)
        let memory = Self.allocate(larger)
        memory.copyMemory(from: base, byteCount: used)
        free(base)
        (base, capacity) = (memory, larger)
    }

    /// Appends one byte.
    @inlinable
    public mutating func append(_ byte: UInt8) {
        if used == capacity { grow(for: 1) }
        base.storeBytes(of: byte, toByteOffset: used, as: UInt8.self)
        used += 1
    }

    /// Appends bytes.
    @inlinable
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        if capacity - used < bytes.count { grow(for: bytes.count) }
        (base + used).copyMemory(from: source, byteCount: bytes.count)
        used += bytes.count
    }

    /// Appends a constant.
    @inlinable
    public mutating func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a string in UTF-8.
    @inlinable
    public mutating func append(_ text: String) {
        // Reads the string in place: a mutable copy would retain it.
        guard text.utf8.withContiguousStorageIfAvailable({ append(UnsafeRawBufferPointer($0)) }) == nil else { return }
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends as many bytes as a closure writes.
    ///
    /// - Parameters:
    ///   - added: how many bytes that is.
    ///   - write: writes all of them.
    @inlinable
    public mutating func append(count added: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        if capacity - used < added { grow(for: added) }
        write(UnsafeMutableRawBufferPointer(start: base + used, count: added))
        used += added
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
