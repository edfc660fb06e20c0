internal import UnixSignals

/// The user's wish to end the demo, noticed from the beginning.
struct Signals: Sendable {
    private let sequence: UnixSignalsSequence

    init() async {
        sequence = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    }

    /// False when the waiting was cancelled first.
    func wait() async -> Bool {
        for await _ in sequence { return true }
        return false
    }
}
