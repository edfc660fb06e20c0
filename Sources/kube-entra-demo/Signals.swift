internal import UnixSignals

/// Waits for the user to end the demo.
enum Signals {
    static func wait() async {
        for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return }
    }
}
