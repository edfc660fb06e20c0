internal import NIOCore

/// Leaves a directory alone that keeps failing or asks to be left alone, then tries it with a single question.
struct CircuitBreaker: Equatable {
    private enum State: Equatable {
        case closed(failures: Int)
        case open(until: NIODeadline)
        case trying
    }

    static let failuresUntilOpen = 5
    static let pause = TimeAmount.seconds(5)
    /// However long the directory asks to be left alone.
    static let longestPause = TimeAmount.minutes(5)

    private var state = State.closed(failures: 0)

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
        state = .closed(failures: 0)
    }

    mutating func failed(at now: NIODeadline) {
        switch state {
        case .closed(let failures) where failures + 1 < Self.failuresUntilOpen: state = .closed(failures: failures + 1)
        case .closed, .trying: state = .open(until: now + Self.pause)
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
