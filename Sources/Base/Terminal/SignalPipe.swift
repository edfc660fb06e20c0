import Glibc

/// Signals that this process catches, as messages on a pipe that can be polled.
///
/// A signal handler may only do what is safe at any moment, so it only writes two bytes. Handlers belong to the whole
/// process, so a second pipe would take the signals of the first one.
public struct SignalPipe: Sendable {
    /// A signal that has arrived.
    public struct Message: Hashable, Sendable {
        /// Its number.
        public var signal: Int32
        /// Sent by the kernel, as a terminal does for Ctrl-C: to the whole process group, so that programs which this
        /// one has started receive it too.
        public var isFromTerminal: Bool

        public init(signal: Int32, isFromTerminal: Bool) {
            self.signal = signal
            self.isFromTerminal = isFromTerminal
        }
    }

    /// The descriptor to poll; reading from it does not block.
    public let descriptor: Int32

    // Written before the first handler is installed; handlers only read it.
    nonisolated(unsafe) private static var writeEnd: Int32 = -1

    private typealias Handler =
        @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void

    private static let record: Handler = { signal, info, _ in
        let before = errno
        let kernel: Int32 = 0x80
        var message = (UInt8(truncatingIfNeeded: signal), UInt8(info?.pointee.si_code == kernel ? 1 : 0))
        _ = write(writeEnd, &message, 2)
        errno = before
    }

    /// Catches the signals from now on. What this process was started to ignore (`nohup`) stays ignored, apart from
    /// SIGCHLD.
    ///
    /// Nil if the system has no more pipes; then signals do what they did before.
    public init?(catching signals: [Int32]) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        SignalPipe.writeEnd = ends[1]
        for signal in signals where signal == SIGCHLD || !SignalPipe.isIgnored(signal) {
            var action = sigaction()
            action.__sigaction_handler.sa_sigaction = SignalPipe.record
            action.sa_flags = SA_SIGINFO | SA_RESTART
            sigaction(signal, &action, nil)
        }
    }

    private static func isIgnored(_ signal: Int32) -> Bool {
        var action = sigaction()
        sigaction(signal, nil, &action)
        // SIG_IGN
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }

    /// Takes messages that have arrived, the oldest first. Under very many signals some are left for the next call.
    public func messages() -> [Message] {
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &bytes, bytes.count)
        return stride(from: 0, to: max(0, count - 1), by: 2).map { index in
            Message(signal: Int32(bytes[index]), isFromTerminal: bytes[index + 1] == 1)
        }
    }
}
