import Entra
import NIOCore

/// Stops asking a directory that keeps failing or asks for a pause, then tests it with a single request.
struct CircuitBreaker: Equatable {
    private enum State: Equatable {
        case closed(failures: Int, failing: Set<GUID>)
        case open(until: NIODeadline)
        case trying
    }

    /// Number of failures without a success in between. Failures that may concern only one principal count once for
    /// each: if the directory is slow or forbidden for one, the others should still get answers.
    static let failuresUntilOpen = 5
    static let pause = TimeAmount.seconds(5)
    /// The longest pause, whatever the directory asks for.
    static let longestPause = TimeAmount.minutes(5)

    private var state = State.closed(failures: 0, failing: [])

    var isOpen: Bool {
        if case .closed = state { false } else { true }
    }

    /// Whether a request may be sent now. Each `true` must be followed by ``succeeded()``, ``failed(_:at:)`` or
    /// ``leaveAlone(for:at:)``.
    mutating func admits(at now: NIODeadline) -> Bool {
        switch state {
        case .closed: return true
        case .trying: return false
        case .open(let until):
            guard now >= until else { return false }
            state = .trying
            return true
        }
    }

    /// The directory answered, whatever the answer.
    mutating func succeeded() {
        // A request from before the pause may end during it; it does not end the pause.
        if case .open = state { return }
        state = .closed(failures: 0, failing: [])
    }

    /// - Parameter principal: the one that the failure may concern; nil if it would have happened for others too.
    mutating func failed(_ principal: GUID?, at now: NIODeadline) {
        switch state {
        case .closed(var failures, var failing):
            if let principal { failing.insert(principal) } else { failures += 1 }
            let opens = failures + failing.count >= Self.failuresUntilOpen
            state = opens ? .open(until: now + Self.pause) : .closed(failures: failures, failing: failing)
        case .trying: state = .open(until: now + Self.pause)
        case .open: break
        }
    }

    /// The directory asked for a pause.
    mutating func leaveAlone(for wanted: TimeAmount, at now: NIODeadline) {
        let until = now + min(wanted, Self.longestPause)
        if case .open(let known) = state, known >= until { return }
        state = .open(until: until)
    }
}
