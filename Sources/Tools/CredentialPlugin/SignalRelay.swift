import Glibc

/// Signals that arrive while this process waits for a command, as messages on a pipe.
///
/// A signal handler may only do what is safe at any moment, so it only writes two bytes.
struct SignalRelay {
    struct Message {
        var signal: Int32
        /// Sent by the kernel, as a terminal does for Ctrl-C: to the whole process group, so the command receives it
        /// too.
        var isFromTerminal: Bool
    }

    /// Signals that end the command or tell it something.
    static let relayed: [Int32] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]

    /// The descriptor to poll; reading from it does not block.
    let descriptor: Int32

    // Written once, before the first handler is installed; handlers only read it.
    nonisolated(unsafe) private static var writeEnd: Int32 = -1

    private static let record:
        @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) ->
            Void = { signal, info, _ in
                let before = errno
                let kernel: Int32 = 0x80
                var message = (UInt8(truncatingIfNeeded: signal), UInt8(info?.pointee.si_code == kernel ? 1 : 0))
                _ = write(writeEnd, &message, 2)
                errno = before
            }

    /// Nil if the system has no more pipes.
    init?() {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        descriptor = ends[0]
        SignalRelay.writeEnd = ends[1]
        for signal in SignalRelay.relayed + [SIGCHLD] {
            var old = sigaction()
            sigaction(signal, nil, &old)
            // The command ignores what this process was started to ignore (`nohup`).
            if signal != SIGCHLD, SignalRelay.isIgnored(old) { continue }
            var new = sigaction()
            new.__sigaction_handler.sa_sigaction = SignalRelay.record
            new.sa_flags = SA_SIGINFO | SA_RESTART
            sigaction(signal, &new, nil)
        }
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    }

    /// The messages that have arrived.
    func messages() -> [Message] {
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &bytes, bytes.count)
        return stride(from: 0, to: max(0, count - 1), by: 2).map { index in
            Message(signal: Int32(bytes[index]), isFromTerminal: bytes[index + 1] == 1)
        }
    }
}
