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

    // Written before the first handler is installed; handlers only read it.
    nonisolated(unsafe) private static var writeEnd: Int32 = -1

    private static let record: @convention(c) (Int32) -> Void = { signal in
        let before = errno
        var number = UInt8(truncatingIfNeeded: signal)
        _ = write(writeEnd, &number, 1)
        errno = before
    }

    private let descriptor: Int32
    private var received: Set<Int32> = []

    /// Catches the signals from now on. What this process was started to ignore (`nohup`) stays ignored. Nil if the
    /// system has no more pipes; then signals end the process as usual.
    init?() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        Interruption.writeEnd = ends[1]
        for signal in Interruption.signals {
            var action = sigaction()
            sigaction(signal, nil, &action)
            if unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1 { continue }
            action = sigaction()
            action.__sigaction_handler.sa_handler = Interruption.record
            action.sa_flags = SA_RESTART
            sigaction(signal, &action, nil)
        }
        // A reader of the report that ends is no reason to end.
        signal(SIGPIPE, SIG_IGN)
    }

    /// The signals that have arrived so far.
    func signals() -> Set<Int32> {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &bytes, bytes.count)
        if count > 0 { received.formUnion(bytes[..<count].map { Int32($0) }) }
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
