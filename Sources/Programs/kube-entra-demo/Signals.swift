import UnixSignals

/// The user's signals to end the demo, caught from the start.
struct Signals: Sendable {
    private let sequence: UnixSignalsSequence

    init() async {
        sequence = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    }

    /// False if the wait was cancelled first.
    func wait() async -> Bool {
        for await _ in sequence { return true }
        return false
    }
}
