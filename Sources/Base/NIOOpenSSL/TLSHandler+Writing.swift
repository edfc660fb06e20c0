public import NIOCore
import OpenSSL

extension TLSHandler {
    /// Larger buffers are not kept for reuse, so that idle connections stay small.
    static var keptCapacity: Int { 32_768 }

    /// Queues plaintext until the next flush. The promise succeeds when its ciphertext was written.
    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard machine.acceptsOutput else {
            promise?.fail(machine.state == .outputClosed ? ChannelError.outputClosed : ChannelError.ioOnClosedChannel)
            return
        }
        outgoing.append(unwrapOutboundIn(data), promise: promise)
    }

    /// Encrypts and sends the queued plaintext, or waits for the end of the handshake.
    public func flush(context: ChannelHandlerContext) {
        outgoing.flush()
        // This handler flushes everything that it writes, so nothing below it waits for a flush.
        encryptPendingWrites(context)
    }

    func failPendingWrites(_ error: any Error) {
        outgoing.drop()?.fail(error)
    }

    /// Encrypts all flushed plaintext into one buffer, so that it leaves with one write.
    func encryptPendingWrites(_ context: ChannelHandlerContext) {
        guard machine.mayEncrypt, outgoing.hasFlushed, let session else { return }
        noteActivity(context)
        beginCiphertext()
        let promise = outgoing.takePromise()
        if let failure = outgoing.encryptFlushed({ encrypt($0, session) }) {
            promise?.fail(TLSError.connectionFailed(failure))
            return perform(machine.failed(failure), context)
        }
        sendCiphertext(context, promise: promise)
    }

    private func encrypt(_ plaintext: UnsafeRawBufferPointer, _ session: TLSSession) -> TLSFailureCause? {
        var rest = plaintext[...]
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
