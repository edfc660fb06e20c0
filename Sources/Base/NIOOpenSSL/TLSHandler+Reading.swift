public import NIOCore
import OpenSSL

extension TLSHandler {
    /// Asks for plaintext. Data that has arrived already is delivered at once.
    public func read(context: ChannelHandlerContext) {
        readRequested = true
        if !isDelivering, let session, machine.mayDecrypt, session.bufferedInput > 0 {
            decrypt(context)
            completeDelivery(context)
        }
        // Also if data was delivered: with automatic reading, the channel asks once for each read.
        context.read()
    }

    /// Collects ciphertext; it is decrypted when something downstream has asked for data.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if machine.isDraining {
            drainedBytes += unwrapInboundIn(data).readableBytes
            // A peer that still sends this much does not read our last bytes.
            guard drainedBytes <= Self.maximumDrainedBytes else { return perform(machine.drainTimedOut(), context) }
        }
        guard machine.acceptsInput, let session else { return }
        let taken = unwrapInboundIn(data).withUnsafeReadableBytes { session.receive($0) }
        guard taken else { return perform(machine.failed(.other("no memory for what arrived")), context) }
        noteActivity(context)
        perform(machine.received(), context)
    }

    /// Reports the end of a read only if plaintext was delivered.
    public func channelReadComplete(context: ChannelHandlerContext) {
        // Handshake messages and partial records are not data: HTTP would take them for the beginning of a request.
        completeDelivery(context)
        // Downstream does not ask again for data that it did not receive: less than a record arrived, or only handshake
        // messages.
        if machine.needsInput || (readRequested && machine.mayDecrypt) { context.read() }
    }

    private func completeDelivery(_ context: ChannelHandlerContext) {
        guard isDelivering else { return }
        isDelivering = false
        context.fireChannelReadComplete()
    }

    /// Decrypts everything that has arrived, at most one read's worth, and delivers it as one buffer.
    func decrypt(_ context: ChannelHandlerContext) {
        guard let session, machine.mayDecrypt, readRequested || isDelivering else { return }
        plaintext.clear()
        let end = fillPlaintext(session)
        // A reply to a key update, or an alert.
        flushOutput(context, promise: nil)
        if plaintext.readableBytes > 0 {
            readRequested = false
            isDelivering = true
            let data = plaintext
            if plaintext.capacity > Self.keptCapacity { plaintext = ByteBuffer() }
            context.fireChannelRead(wrapInboundOut(data))
        }
        switch end {
        case .bytes, .needsInput: break
        case .closedByPeer:
            let option = try? context.channel.syncOptions?.getOption(.allowRemoteHalfClosure)
            perform(machine.peerClosed(halfClosureAllowed: option ?? false), context)
        case .failed(let cause): perform(machine.failed(cause), context)
        }
    }

    private func fillPlaintext(_ session: TLSSession) -> TLSSession.ReadResult {
        while true {
            var result = TLSSession.ReadResult.needsInput
            let room = min(max(session.bufferedInput, 1_024), OutgoingPlaintext.largestRecord)
            plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { buffer in
                result = session.read(into: buffer)
                if case .bytes(let count) = result { return count }
                return 0
            }
            guard case .bytes = result else { return result }
            // Another read would return nothing.
            if session.bufferedInput == 0 { return .needsInput }
        }
    }

    /// Keeps reading after our close_notify, and ignores the data.
    func discard(_ context: ChannelHandlerContext) {
        guard let session else { return }
        let end = withUnsafeTemporaryAllocation(byteCount: 4_096, alignment: 1) { buffer in
            while true {
                let result = session.read(into: buffer)
                guard case .bytes = result else { return result }
            }
        }
        switch end {
        case .bytes, .needsInput: break
        case .closedByPeer: perform(machine.peerClosed(halfClosureAllowed: false), context)
        case .failed(let cause): perform(machine.failed(cause), context)
        }
    }
}
