import OpenSSL
import Testing

@testable import NIOOpenSSL

@Suite struct TLSStateMachineTests {
    typealias State = TLSStateMachine.State
    typealias Action = TLSStateMachine.Action

    enum Event: Sendable, CaseIterable {
        case transportActive, received, handshakeNeedsInput, handshakeComplete, handshakeFailed, handshakeTimedOut
        case peerClosed, peerClosedHalf, failed, close, closeOutput, drainTimedOut, lastBytesWritten
        case transportInputClosed, transportInactive
    }

    /// Events that lead from the beginning to each state.
    static let paths: [(state: State, events: [Event])] = [
        (.idle, []),
        (.handshaking, [.transportActive]),
        (.active, [.transportActive, .handshakeComplete]),
        (.inputClosed, [.transportActive, .handshakeComplete, .peerClosedHalf]),
        (.outputClosed, [.transportActive, .handshakeComplete, .closeOutput]),
        (.draining(.afterCloseNotify), [.transportActive, .handshakeComplete, .close]),
        (.draining(.afterFailure), [.transportActive, .handshakeFailed]),
        (.finishing, [.transportActive, .handshakeComplete, .peerClosed]),
        (.closed, [.close]),
    ]

    static func send(_ event: Event, to machine: inout TLSStateMachine) -> Action {
        switch event {
        case .transportActive: machine.transportActive()
        case .received: machine.received()
        case .handshakeNeedsInput: machine.handshakeAdvanced(.needsInput)
        case .handshakeComplete: machine.handshakeAdvanced(.complete)
        case .handshakeFailed: machine.handshakeAdvanced(.failed(.notTLS))
        case .handshakeTimedOut: machine.handshakeTimedOut()
        case .peerClosed: machine.peerClosed(halfClosureAllowed: false)
        case .peerClosedHalf: machine.peerClosed(halfClosureAllowed: true)
        case .failed: machine.failed(.other("damage"))
        case .close: machine.closeRequested()
        case .closeOutput: machine.outputCloseRequested()
        case .drainTimedOut: machine.drainTimedOut()
        case .lastBytesWritten: machine.lastBytesWritten()
        case .transportInputClosed: machine.transportInputClosed()
        case .transportInactive: machine.transportInactive()
        }
    }

    static func machine(in state: State) throws -> TLSStateMachine {
        let path = try #require(paths.first { $0.state == state })
        var machine = TLSStateMachine()
        for event in path.events { _ = send(event, to: &machine) }
        #expect(machine.state == state)
        return machine
    }

    struct Transition: Sendable {
        let from: State, event: Event, action: Action, to: State
        init(_ from: State, _ event: Event, _ action: Action, _ to: State) {
            (self.from, self.event, self.action, self.to) = (from, event, action, to)
        }
    }

    /// Transitions that are not listed do nothing and change nothing.
    static let transitions: [Transition] = [
        Transition(.idle, .transportActive, .startHandshake, .handshaking),
        Transition(.idle, .handshakeTimedOut, .failAndClose(.handshakeTimedOut), .closed),
        Transition(.idle, .close, .closeTransport(clean: false), .closed),
        Transition(.idle, .closeOutput, .refuse, .idle),
        Transition(.idle, .transportInactive, .none, .closed),

        Transition(.handshaking, .received, .continueHandshake, .handshaking),
        Transition(.handshaking, .handshakeComplete, .completeHandshake, .active),
        Transition(
            .handshaking, .handshakeFailed, .failAndDrain(.handshakeFailed(.notTLS)), .draining(.afterFailure)),
        Transition(.handshaking, .handshakeTimedOut, .failAndClose(.handshakeTimedOut), .closed),
        Transition(.handshaking, .close, .closeTransport(clean: false), .closed),
        Transition(.handshaking, .closeOutput, .refuse, .handshaking),
        Transition(
            .handshaking, .transportInputClosed, .failAndClose(.handshakeFailed(.connectionClosed)), .closed),
        Transition(.handshaking, .transportInactive, .report(.handshakeFailed(.connectionClosed)), .closed),

        Transition(.active, .received, .decrypt, .active),
        Transition(.active, .peerClosed, .closeNotifyAndFinish, .finishing),
        Transition(.active, .peerClosedHalf, .announceInputClosed, .inputClosed),
        Transition(
            .active, .failed, .failAndDrain(.connectionFailed(.other("damage"))), .draining(.afterFailure)),
        Transition(.active, .close, .closeNotifyAndDrain, .draining(.afterCloseNotify)),
        Transition(.active, .closeOutput, .closeOutput, .outputClosed),
        Transition(.active, .transportInputClosed, .failAndClose(.truncated), .closed),
        Transition(.active, .transportInactive, .report(.truncated), .closed),

        Transition(
            .inputClosed, .failed, .failAndDrain(.connectionFailed(.other("damage"))), .draining(.afterFailure)),
        Transition(.inputClosed, .close, .closeNotifyAndFinish, .finishing),
        Transition(.inputClosed, .closeOutput, .closeNotifyAndFinish, .finishing),
        Transition(.inputClosed, .transportInactive, .none, .closed),

        Transition(.outputClosed, .received, .decrypt, .outputClosed),
        Transition(.outputClosed, .peerClosed, .closeTransport(clean: true), .closed),
        Transition(.outputClosed, .peerClosedHalf, .closeTransport(clean: true), .closed),
        Transition(
            .outputClosed, .failed, .failAndDrain(.connectionFailed(.other("damage"))), .draining(.afterFailure)),
        Transition(.outputClosed, .close, .drain, .draining(.afterCloseNotify)),
        Transition(.outputClosed, .closeOutput, .refuse, .outputClosed),
        Transition(.outputClosed, .transportInputClosed, .failAndClose(.truncated), .closed),
        Transition(.outputClosed, .transportInactive, .report(.truncated), .closed),

        Transition(.draining(.afterCloseNotify), .received, .discard, .draining(.afterCloseNotify)),
        Transition(.draining(.afterCloseNotify), .peerClosed, .closeTransport(clean: true), .closed),
        Transition(.draining(.afterCloseNotify), .peerClosedHalf, .closeTransport(clean: true), .closed),
        Transition(.draining(.afterCloseNotify), .failed, .closeTransport(clean: false), .closed),
        Transition(.draining(.afterCloseNotify), .closeOutput, .refuse, .draining(.afterCloseNotify)),
        Transition(.draining(.afterCloseNotify), .drainTimedOut, .closeTransport(clean: false), .closed),
        Transition(.draining(.afterCloseNotify), .transportInputClosed, .closeTransport(clean: false), .closed),
        Transition(.draining(.afterCloseNotify), .transportInactive, .none, .closed),

        Transition(.draining(.afterFailure), .closeOutput, .refuse, .draining(.afterFailure)),
        Transition(.draining(.afterFailure), .drainTimedOut, .closeTransport(clean: false), .closed),
        Transition(.draining(.afterFailure), .transportInputClosed, .closeTransport(clean: false), .closed),
        Transition(.draining(.afterFailure), .transportInactive, .none, .closed),

        Transition(.finishing, .closeOutput, .refuse, .finishing),
        Transition(.finishing, .drainTimedOut, .closeTransport(clean: false), .closed),
        Transition(.finishing, .lastBytesWritten, .closeTransport(clean: true), .closed),
        Transition(.finishing, .transportInactive, .none, .closed),

        Transition(.closed, .close, .closeTransport(clean: false), .closed),
        Transition(.closed, .closeOutput, .refuse, .closed),
    ]

    @Test("every event in every state is handled", arguments: paths.map(\.state), Event.allCases)
    func everyEventInEveryState(state: State, event: Event) throws {
        var machine = try Self.machine(in: state)
        let expected = Self.transitions.first { $0.from == state && $0.event == event }
        #expect(Self.send(event, to: &machine) == expected?.action ?? .none)
        #expect(machine.state == expected?.to ?? state)
    }

    @Test("each state says what may be read and written", arguments: paths.map(\.state))
    func whatMayFlow(state: State) throws {
        let machine = try Self.machine(in: state)
        #expect(machine.mayDecrypt == [.active, .outputClosed].contains(state))
        #expect(machine.mayEncrypt == [.active, .inputClosed].contains(state))
        #expect(machine.acceptsOutput == [.idle, .handshaking, .active, .inputClosed].contains(state))
        #expect(
            machine.needsInput
                == [.handshaking, .draining(.afterCloseNotify), .draining(.afterFailure)].contains(state))
        var other = machine
        #expect(machine.acceptsInput == (Self.send(.received, to: &other) != .none))
    }
}
