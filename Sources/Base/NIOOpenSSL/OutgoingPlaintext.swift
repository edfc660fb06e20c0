import NIOCore
import OpenSSL

/// Plaintext between `write` and its encryption. Small writes are copied together, so that they share a record and the
/// writer may reuse its memory.
struct OutgoingPlaintext {
    /// Largest plaintext of one record (RFC 8446 section 5.1).
    static let largestRecord = 16_384
    /// Larger buffers are not kept for reuse, so that idle connections stay small.
    private static let keptCapacity = 32_768

    private var bytes = ByteBuffer()
    /// Number of bytes that may be sent.
    private var flushedBytes = 0
    private var promiseOfFlushed = CombinedPromise()
    private var promiseOfRest = CombinedPromise()

    /// Queues plaintext until the next flush.
    mutating func append(_ data: ByteBuffer, promise: EventLoopPromise<Void>?) {
        promiseOfRest.add(promise)
        if bytes.readableBytes == 0, data.readableBytes > Self.keptCapacity {
            bytes = data
        } else {
            bytes.writeImmutableBuffer(data)
        }
    }

    /// Everything that was written until now may be sent.
    mutating func flush() {
        flushedBytes = bytes.readableBytes
        promiseOfFlushed.add(promiseOfRest.take())
    }

    /// Whether something may be sent, or a promise waits for that.
    var hasFlushed: Bool { flushedBytes > 0 || !promiseOfFlushed.isEmpty }

    /// The promise of what was flushed.
    mutating func takePromise() -> EventLoopPromise<Void>? { promiseOfFlushed.take() }

    /// Passes what was flushed to `encrypt`, one record's worth at a time, until it fails or nothing is left.
    mutating func encryptFlushed(
        _ encrypt: (UnsafeRawBufferPointer) -> TLSFailureCause?
    ) -> TLSFailureCause? {
        while flushedBytes > 0 {
            let count = min(flushedBytes, Self.largestRecord)
            let failure = bytes.withUnsafeReadableBytes { encrypt(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            bytes.moveReaderIndex(forwardBy: count)
            flushedBytes -= count
            if let failure { return failure }
        }
        if bytes.readableBytes == 0 {
            if bytes.capacity > Self.keptCapacity { bytes = ByteBuffer() } else { bytes.clear() }
        }
        return nil
    }

    /// Drops everything. Whoever calls this completes the promise, which may lead back to the handler.
    mutating func drop() -> EventLoopPromise<Void>? {
        flushedBytes = 0
        bytes.clear()
        promiseOfFlushed.add(promiseOfRest.take())
        return promiseOfFlushed.take()
    }

    /// Clears and frees the memory, unless bytes wait in it.
    mutating func releaseMemory() {
        guard bytes.readableBytes == 0 else { return }
        bytes.clear()
        bytes.withUnsafeMutableWritableBytes { cleanse($0) }
        bytes = ByteBuffer()
    }
}

/// The promises of writes that become one. Usually there is none or one, which is passed on unchanged.
private struct CombinedPromise {
    private var promise: EventLoopPromise<Void>?

    var isEmpty: Bool { promise == nil }

    mutating func add(_ other: EventLoopPromise<Void>?) {
        guard let other else { return }
        // The first promise completes the others.
        if let promise { promise.futureResult.cascade(to: other) } else { promise = other }
    }

    mutating func take() -> EventLoopPromise<Void>? {
        defer { promise = nil }
        return promise
    }
}
