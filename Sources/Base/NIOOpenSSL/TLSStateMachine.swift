import OpenSSL

/// The state of a TLS connection, and what follows from each event. It knows no sockets, no OpenSSL objects and no
/// time: the handler reports events and carries out the returned actions.
struct TLSStateMachine {
    enum State: Equatable {
        /// The transport is not connected yet.
        case idle
        case handshaking
        /// Both sides may send data.
        case active
        /// The peer has sent close_notify; we may still write.
        case inputClosed
        /// We have sent close_notify; the peer may still write.
        case outputClosed
        /// We have sent our last bytes, a close_notify or an alert, and wait for the peer to close. If we closed at
        /// once with unread bytes in the socket, the kernel would reset the connection and drop those bytes.
        case draining(Draining)
        /// Both sides have sent close_notify; the transport closes once ours is written.
        case finishing
        case closed
    }

    enum Draining: Equatable {
        case afterCloseNotify, afterFailure
    }

    enum Action: Equatable {
        case none
        case startHandshake
        case continueHandshake
        /// Fire the event, encrypt waiting plaintext, decrypt what has arrived.
        case completeHandshake
        case decrypt
        /// Read and ignore data: only the peer's close_notify matters.
        case discard
        /// Send close_notify and stay open for reading.
        case closeOutput
        /// Send close_notify, then wait for the peer's.
        case closeNotifyAndDrain
        /// Send close_notify. The peer's has arrived, so close the transport afterwards.
        case closeNotifyAndFinish
        /// Nothing is left to send: wait for the peer.
        case drain
        /// Tell downstream that the peer has finished sending.
        case announceInputClosed
        /// Flush the alert, report the error, wait for the peer to close.
        case failAndDrain(TLSError)
        /// Report the error and close the transport at once.
        case failAndClose(TLSError)
        /// The transport is gone: report the error.
        case report(TLSError)
        case closeTransport(clean: Bool)
        /// The request is impossible in this state.
        case refuse
    }

    private(set) var state = State.idle

    /// Whether arriving ciphertext is of any use.
    var acceptsInput: Bool {
        switch state {
        case .handshaking, .active, .outputClosed, .draining(.afterCloseNotify): true
        case .idle, .inputClosed, .draining(.afterFailure), .finishing, .closed: false
        }
    }

    /// Whether the connection only waits for the peer to close.
    var isDraining: Bool {
        if case .draining = state { true } else { false }
    }

    /// Whether plaintext may be delivered downstream.
    var mayDecrypt: Bool { state == .active || state == .outputClosed }

    /// Whether plaintext may be encrypted now.
    var mayEncrypt: Bool { state == .active || state == .inputClosed }

    /// Whether plaintext is accepted, to be sent now or after the handshake.
    var acceptsOutput: Bool {
        switch state {
        case .idle, .handshaking, .active, .inputClosed: true
        case .outputClosed, .draining, .finishing, .closed: false
        }
    }

    /// Whether the connection needs bytes from the peer to continue, even if downstream does not want to read.
    var needsInput: Bool {
        switch state {
        case .handshaking, .draining: true
        case .idle, .active, .inputClosed, .outputClosed, .finishing, .closed: false
        }
    }

    /// The transport is connected.
    mutating func transportActive() -> Action {
        guard state == .idle else { return .none }
        state = .handshaking
        return .startHandshake
    }

    /// Tells the machine that ciphertext has arrived.
    func received() -> Action {
        switch state {
        case .handshaking: .continueHandshake
        case .active, .outputClosed: .decrypt
        case .draining(.afterCloseNotify): .discard
        case .idle, .inputClosed, .draining(.afterFailure), .finishing, .closed: .none
        }
    }

    mutating func handshakeAdvanced(_ result: TLSSession.HandshakeResult) -> Action {
        guard state == .handshaking else { return .none }
        switch result {
        case .needsInput: return .none
        case .complete:
            state = .active
            return .completeHandshake
        case .failed(let cause):
            state = .draining(.afterFailure)
            return .failAndDrain(.handshakeFailed(cause))
        }
    }

    mutating func handshakeTimedOut() -> Action {
        guard state == .idle || state == .handshaking else { return .none }
        state = .closed
        return .failAndClose(.handshakeTimedOut)
    }

    /// The peer's close_notify was read.
    ///
    /// - Parameter halfClosureAllowed: the channel option of that name. Without it, the end of input closes the
    ///   connection, as on a plain socket.
    mutating func peerClosed(halfClosureAllowed: Bool) -> Action {
        switch state {
        case .active where halfClosureAllowed:
            state = .inputClosed
            return .announceInputClosed
        case .active:
            state = .finishing
            return .closeNotifyAndFinish
        case .outputClosed, .draining(.afterCloseNotify):
            state = .closed
            return .closeTransport(clean: true)
        case .idle, .handshaking, .inputClosed, .draining(.afterFailure), .finishing, .closed: return .none
        }
    }

    /// Reading or writing failed after the handshake.
    mutating func failed(_ cause: TLSFailureCause) -> Action {
        switch state {
        case .active, .inputClosed, .outputClosed:
            state = .draining(.afterFailure)
            return .failAndDrain(.connectionFailed(cause))
        case .draining(.afterCloseNotify):
            state = .closed
            return .closeTransport(clean: false)
        case .idle, .handshaking, .draining(.afterFailure), .finishing, .closed: return .none
        }
    }

    /// Upstream wants to close the connection.
    mutating func closeRequested() -> Action {
        switch state {
        case .idle, .handshaking:
            state = .closed
            return .closeTransport(clean: false)
        case .active:
            state = .draining(.afterCloseNotify)
            return .closeNotifyAndDrain
        case .inputClosed:
            state = .finishing
            return .closeNotifyAndFinish
        case .outputClosed:
            state = .draining(.afterCloseNotify)
            return .drain
        case .draining, .finishing: return .none
        case .closed: return .closeTransport(clean: false)
        }
    }

    /// Upstream has nothing more to send, but wants to keep reading.
    mutating func outputCloseRequested() -> Action {
        switch state {
        case .active:
            state = .outputClosed
            return .closeOutput
        case .inputClosed:
            state = .finishing
            return .closeNotifyAndFinish
        case .idle, .handshaking, .outputClosed, .draining, .finishing, .closed: return .refuse
        }
    }

    /// The time to wait for the peer, or for writing our last bytes, is over.
    mutating func drainTimedOut() -> Action {
        switch state {
        case .draining, .finishing:
            state = .closed
            return .closeTransport(clean: false)
        case .idle, .handshaking, .active, .inputClosed, .outputClosed, .closed: return .none
        }
    }

    /// Our close_notify was written, or could not be.
    mutating func lastBytesWritten() -> Action {
        guard state == .finishing else { return .none }
        state = .closed
        return .closeTransport(clean: true)
    }

    /// The transport delivers no more bytes, but is still open.
    mutating func transportInputClosed() -> Action {
        switch state {
        case .handshaking:
            state = .closed
            return .failAndClose(.handshakeFailed(.connectionClosed))
        case .active, .outputClosed:
            state = .closed
            return .failAndClose(.truncated)
        case .draining:
            state = .closed
            return .closeTransport(clean: false)
        case .idle, .inputClosed, .finishing, .closed: return .none
        }
    }

    /// Tells the machine that the transport is closed.
    mutating func transportInactive() -> Action {
        defer { state = .closed }
        switch state {
        case .handshaking: return .report(.handshakeFailed(.connectionClosed))
        case .active, .outputClosed: return .report(.truncated)
        case .idle, .inputClosed, .draining, .finishing, .closed: return .none
        }
    }
}
