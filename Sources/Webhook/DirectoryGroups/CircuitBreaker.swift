internal import EntraTokens
internal import NIOCore

/// Leaves a directory alone that keeps failing or asks to be left alone, then tries it with a single question.
struct CircuitBreaker: Equatable {
    private enum State: Equatable {
        case closed(failures: Int, failing: Set<GUID>)
        case open(until: NIODeadline)
        case trying
    }

    /// As many failures without a success in between. Those that may be for one principal's sake count once for each:
    /// one for whom alone the directory is slow or forbidden is no reason to leave the others without an answer.
    static let failuresUntilOpen = 5
    static let pause = TimeAmount.seconds(5)
    /// However long the directory asks to be left alone.
    static let longestPause = TimeAmount.minutes(5)

    private var state = State.closed(failures: 0, failing: [])

    var isOpen: Bool {
        if case .closed = state { false } else { true }
    }

    /// Whether a question may be asked now. Each yes must be followed by ``succeeded()``, ``failed(at:)`` or
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

    /// The directory answered, whatever it said about the principal.
    mutating func succeeded() {
        // A question from before the pause may end after it began; it does not end the pause.
        if case .open = state { return }
        state = .closed(failures: 0, failing: [])
    }

    /// - Parameter principal: whom it may have been for; nil when it would have been the same for others.
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

    /// The directory said for how long it wants no questions.
    mutating func leaveAlone(for wanted: TimeAmount, at now: NIODeadline) {
        let until = now + min(wanted, Self.longestPause)
        if case .open(let known) = state, known >= until { return }
        state = .open(until: until)
    }
}
