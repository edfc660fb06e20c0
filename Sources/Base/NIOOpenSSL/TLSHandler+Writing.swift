public import NIOCore
import OpenSSL

extension TLSHandler {
    /// Largest plaintext of one record (RFC 8446 section 5.1).
    static var largestRecord: Int { 16_384 }
    /// Larger buffers are not kept for reuse, so that idle connections stay small.
    static var keptCapacity: Int { 32_768 }

    /// Queues plaintext until the next flush. The promise succeeds when its ciphertext was written.
    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard machine.acceptsOutput else {
            promise?.fail(machine.state == .outputClosed ? ChannelError.outputClosed : ChannelError.ioOnClosedChannel)
            return
        }
        pendingWrites.append((unwrapOutboundIn(data), promise))
    }

    /// Encrypts and sends the queued plaintext, or waits for the end of the handshake.
    public func flush(context: ChannelHandlerContext) {
        pendingWrites.mark()
        encryptPendingWrites(context)
        context.flush()
    }

    func failPendingWrites(_ error: any Error) {
        while let (_, promise) = pendingWrites.popFirst() { promise?.fail(error) }
    }

    /// Encrypts all flushed plaintext into one buffer. Small writes that follow each other, such as the head and body
    /// of a response, share a record.
    func encryptPendingWrites(_ context: ChannelHandlerContext) {
        guard machine.mayEncrypt, pendingWrites.hasMark, let session else { return }
        var promises = PromiseList()
        var failure: TLSFailureCause?
        noteActivity(context)
        beginCiphertext()
        gathered.clear()
        while pendingWrites.hasMark, failure == nil, let (data, promise) = pendingWrites.popFirst() {
            promises.append(promise, on: context.eventLoop)
            let isAlone = gathered.readableBytes == 0 && !pendingWrites.hasMark
            if isAlone || gathered.readableBytes + data.readableBytes > Self.largestRecord {
                failure = encrypt(gathered, session) ?? encrypt(data, session)
                gathered.clear()
            } else {
                gathered.writeImmutableBuffer(data)
            }
        }
        failure = failure ?? encrypt(gathered, session)
        if gathered.capacity > Self.keptCapacity { gathered = ByteBuffer() }
        if let failure {
            promises.promise?.fail(TLSError.connectionFailed(failure))
            return perform(machine.failed(failure), context)
        }
        sendCiphertext(context, promise: promises.promise)
    }

    private func encrypt(_ data: ByteBuffer, _ session: TLSSession) -> TLSFailureCause? {
        data.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                switch session.write(UnsafeRawBufferPointer(rebasing: rest)) {
                case .bytes(let count): rest = rest.dropFirst(count)
                case .failed(let cause): return cause
                }
                // One record at a time, so that OpenSSL's buffer never grows beyond one.
                takeCiphertext(session)
            }
            return nil
        }
    }

    /// Sends OpenSSL's own messages: handshake messages and alerts.
    func flushOutput(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        guard let session, session.pendingOutput > 0 else {
            promise?.succeed()
            return
        }
        beginCiphertext()
        takeCiphertext(session)
        sendCiphertext(context, promise: promise)
    }

    private func beginCiphertext() { ciphertext.clear() }

    private func takeCiphertext(_ session: TLSSession) {
        let pending = session.pendingOutput
        if pending == 0 { return }
        ciphertext.writeWithUnsafeMutableBytes(minimumWritableBytes: pending) { session.takeOutput(into: $0) }
    }

    private func sendCiphertext(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        let data = ciphertext
        if ciphertext.capacity > Self.keptCapacity { ciphertext = ByteBuffer() }
        context.writeAndFlush(wrapOutboundOut(data), promise: promise)
    }
}

/// The promises of writes that become one write. Usually there is none or one, which is passed on unchanged.
private struct PromiseList {
    private(set) var promise: EventLoopPromise<Void>?

    mutating func append(_ other: EventLoopPromise<Void>?, on eventLoop: any EventLoop) {
        guard let other else { return }
        // The first promise completes the others.
        if let promise { promise.futureResult.cascade(to: other) } else { promise = other }
    }
}
