import Glibc
import Terminal
import Testing

/// One test, since handlers belong to the whole process.
@Suite("Signals as messages on a pipe")
struct SignalPipeTests {
    @Test("are caught with their sender, unless the process was started to ignore them")
    func messages() throws {
        signal(SIGUSR2, SIG_IGN)
        let pipe = try #require(SignalPipe(catching: [SIGUSR1, SIGUSR2, SIGALRM]))
        #expect(pipe.messages().isEmpty, "reading does not block")
        for number in [SIGUSR2, SIGUSR1] { kill(getpid(), number) }
        #expect(arrived(on: pipe) == .init(signal: SIGUSR1, isFromTerminal: false))
        // The kernel sends it, as it does on behalf of a terminal.
        var time = itimerval(it_interval: timeval(), it_value: timeval(tv_sec: 0, tv_usec: 1))
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &time, nil)
        #expect(arrived(on: pipe) == .init(signal: SIGALRM, isFromTerminal: true))
        #expect(fcntl(pipe.descriptor, F_GETFD) & FD_CLOEXEC != 0)
        for number in [SIGUSR1, SIGUSR2, SIGALRM] { signal(number, SIG_DFL) }
    }

    /// Waits for the next message; another thread may receive the signal a moment later.
    private func arrived(on pipe: SignalPipe) -> SignalPipe.Message? {
        var polled = pollfd(fd: pipe.descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, -1) < 1 {}
        return pipe.messages().first
    }
}
