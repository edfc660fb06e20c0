import Glibc
import Terminal

/// Signals that ask a run to end: a lost connection, Ctrl-C, `kill`.
///
/// They do not end the process while it changes the node. It asks for them between its steps and while it waits, so
/// that it can put everything back first.
final class Interruption {
    private static let signals = [SIGHUP, SIGINT, SIGTERM]
    /// The signal of a lost connection: nobody may be there to run the command again.
    static let lostConnection: Set<Int32> = [SIGHUP]

    private let pipe: SignalPipe
    private var received: Set<Int32> = []

    /// Catches the signals from now on. Nil if the system has no more pipes; then signals end the process as usual.
    init?() {
        guard let pipe = SignalPipe(catching: Interruption.signals) else { return nil }
        self.pipe = pipe
        // A reader of the report that ends is no reason to end.
        signal(SIGPIPE, SIG_IGN)
    }

    /// The signals that have arrived so far.
    func signals() -> Set<Int32> {
        received.formUnion(pipe.messages().map(\.signal))
        return received
    }

    /// The name that people know.
    static func name(_ signal: Int32) -> String {
        switch signal {
        case SIGHUP: "SIGHUP (a lost connection)"
        case SIGINT: "SIGINT (Ctrl-C)"
        case SIGTERM: "SIGTERM"
        default: "signal \(signal)"
        }
    }
}

extension Installer {
    /// Fails if somebody asked the run to end. On the way back, nothing stops it.
    ///
    /// - Parameter ignored: signals that do not count.
    func checkInterruption(ignoring ignored: Set<Int32> = []) throws {
        guard let name = interruption(ignoring: ignored) else { return }
        throw CommandFailure("interrupted by \(name)")
    }

    /// What interrupts the run now; nil if nothing does.
    func interruption(ignoring ignored: Set<Int32> = []) -> String? {
        guard !isGoingBack else { return nil }
        return environment.interruptions().subtracting(ignored).min().map(Interruption.name)
    }
}
