import OpenSSL

/// A token that outlives the buffer it came in, and nothing of it is left when it goes.
///
/// `@unchecked Sendable`: nothing changes the bytes between `init` and `deinit`.
final class TokenCopy: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }

    init(_ token: UnsafeRawBufferPointer) {
        memory = .allocate(byteCount: token.count, alignment: 1)
        memory.copyMemory(from: token)
    }

    deinit {
        cleanse(memory)
        memory.deallocate()
    }
}
