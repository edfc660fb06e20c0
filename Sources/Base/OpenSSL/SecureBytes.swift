import Glibc

/// The bytes of a secret: never copied, and cleared when the last reference is released.
///
/// `@unchecked Sendable`: the bytes do not change between `init` and `deinit`.
public final class SecureBytes: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer

    /// Copies the bytes; the caller's own copy remains its responsibility.
    public init(copying bytes: UnsafeRawBufferPointer) {
        memory = Self.allocate(bytes.count)
        memory.copyMemory(from: bytes)
    }

    /// - Parameter fill: must write all `count` bytes. If it returns false, the result is nil.
    public init?(count: Int, fill: (UnsafeMutableBufferPointer<UInt8>) -> Bool) {
        memory = Self.allocate(count)
        guard fill(memory.bindMemory(to: UInt8.self)) else { return nil }
    }

    deinit {
        cleanse(memory)
        free(memory.baseAddress)
    }

    /// Uses `malloc`: Swift's own allocation requests aligned memory, which costs four times as much.
    private static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
        guard let memory = malloc(max(1, count)) else { preconditionFailure("there is no memory") }
        return UnsafeMutableRawBufferPointer(start: memory, count: count)
    }

    /// Calls a closure with the bytes, valid only during the call.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withExtendedLifetime(self) { body(UnsafeRawBufferPointer(memory)) }
    }
}
