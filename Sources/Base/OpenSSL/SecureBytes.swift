/// Bytes of a secret: never copied, and nothing of them is left when the last reference goes.
///
/// `@unchecked Sendable`: nothing changes the bytes between `init` and `deinit`.
public final class SecureBytes: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer

    public init(copying bytes: UnsafeRawBufferPointer) {
        memory = .allocate(byteCount: bytes.count, alignment: 1)
        memory.copyMemory(from: bytes)
    }

    /// - Parameter fill: writes all `count` bytes; nil is the result when it says that it could not.
    public init?(count: Int, fill: (UnsafeMutableBufferPointer<UInt8>) -> Bool) {
        memory = .allocate(byteCount: count, alignment: 1)
        guard fill(memory.bindMemory(to: UInt8.self)) else { return nil }
    }

    deinit {
        cleanse(memory)
        memory.deallocate()
    }

    /// Lends the bytes, which stay owned until `body` ends.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withExtendedLifetime(self) { body(UnsafeRawBufferPointer(memory)) }
    }
}
