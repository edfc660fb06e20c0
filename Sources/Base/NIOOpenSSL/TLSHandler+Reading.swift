public import NIOCore
import OpenSSL

extension TLSHandler {
    public func read(context: ChannelHandlerContext) {
        readRequested = true
        if !isDelivering, let session, machine.mayDecrypt, session.bufferedInput > 0 {
            decrypt(context)
            completeDelivery(context)
        }
        // Also when something was delivered: a channel that reads by itself asks once for each time it was read.
        context.read()
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if machine.isDraining {
            drainedBytes += unwrapInboundIn(data).readableBytes
            // Whoever still sends that much does not read what we had to say.
            guard drainedBytes <= Self.maximumDrainedBytes else { return perform(machine.drainTimedOut(), context) }
        }
        guard machine.acceptsInput, let session else { return }
        let taken = unwrapInboundIn(data).withUnsafeReadableBytes { session.receive($0) }
        guard taken else { return perform(machine.failed(.other("no memory for what arrived")), context) }
        noteActivity(context)
        perform(machine.received(), context)
    }

    public func channelReadComplete(context: ChannelHandlerContext) {
        // Handshake messages and parts of a record are no data: HTTP would take them for the begin of a request.
        completeDelivery(context)
        // Nobody downstream asks again for what it has not got: less than a record came, or handshake messages.
        if machine.needsInput || (readRequested && machine.mayDecrypt) { context.read() }
    }

    private func completeDelivery(_ context: ChannelHandlerContext) {
        guard isDelivering else { return }
        isDelivering = false
        context.fireChannelReadComplete()
    }

    /// Decrypts all that has arrived, which is at most what one turn of reading brings, and hands it on in one piece.
    func decrypt(_ context: ChannelHandlerContext) {
        guard let session, machine.mayDecrypt, readRequested || isDelivering else { return }
        plaintext.clear()
        let end = fillPlaintext(session)
        // An answer to a key update, or an alert.
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
            let room = min(max(session.bufferedInput, 1_024), Self.largestRecord)
            plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { buffer in
                result = session.read(into: buffer)
                if case .bytes(let count) = result { return count }
                return 0
            }
            guard case .bytes = result else { return result }
            // To ask once more would only be told that nothing is there.
            if session.bufferedInput == 0 { return .needsInput }
        }
    }

    /// Reads on after our close_notify without looking at the data.
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
