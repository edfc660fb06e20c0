import Files
import Glibc
import Terminal

/// One run of the command after `--`. It inherits standard input, standard error and terminal; only its standard output
/// is read.
public struct WrappedCommand {
    /// How a run ended.
    public enum Ending: Hashable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
        case notFound
        case notExecutable
        /// Its path is relative, and would be another program in each folder.
        case relative

        /// The exit status that a shell would report.
        public var status: Int32 {
            switch self {
            case .exited(let status): status
            case .killed(let signal): 128 + signal
            case .notFound: 127
            case .notExecutable, .relative: 126
            }
        }
    }

    /// The result of a run.
    public struct Result: Sendable {
        /// How the command ended.
        public var ending: Ending
        /// What the command printed; nil if it was too long, and was passed on directly or dropped.
        public var output: [UInt8]?
    }

    /// Largest output that is kept, in bytes: more than any credential has.
    public static let maximumOutput = 1 << 20
    /// The same where nothing may be passed on before it was checked: kubectl accepts a credential of any length.
    public static let maximumHeldOutput = 16 << 20

    /// Signals that end the command or tell it something.
    private static let relayed: [Int32] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2]

    let command: String
    private let arguments: [String]

    /// - Parameter words: the command and its arguments. Nil if there are none.
    public init?(_ words: [String]) {
        guard let command = words.first, !command.isEmpty else { return nil }
        self.command = command
        arguments = Array(words.dropFirst())
    }

    /// Runs the command to its end.
    ///
    /// Signals from other processes are passed on. Signals from the terminal reach the command anyway.
    ///
    /// - Parameter holdsOutput: whether output that is too long is dropped, and not passed on unchecked.
    public func run(holdsOutput: Bool = false) -> Result {
        let path: String
        // kubectl sets this variable when it runs the entry of a kubeconfig. It resolves a relative path from the
        // folder of the kubeconfig, which is not known here; the current folder must not choose the program.
        if command.utf8.contains(UInt8(ascii: "/")), !command.hasPrefix("/"), getenv("KUBERNETES_EXEC_INFO") != nil {
            return Result(ending: .relative, output: [])
        }
        do throws(ChildProcess.Missing) {
            path = try ChildProcess.find(command)
        } catch {
            return Result(ending: error == .notFound ? .notFound : .notExecutable, output: [])
        }
        guard let signals = SignalPipe(catching: WrappedCommand.relayed + [SIGCHLD]), let pipe = ChildProcess.pipe()
        else {
            return Result(ending: .notExecutable, output: [])
        }
        let (process, code) = ChildProcess.start(
            path, words: [command] + arguments, environment: nil,
            streams: .init(hasInput: true, output: pipe.write, messages: nil))
        close(pipe.write)
        defer { close(pipe.read) }
        guard code == 0 else {
            return Result(ending: code == ENOENT ? .notFound : .notExecutable, output: [])
        }
        var listener = Listener(
            process: process, output: pipe.read, signals: signals, holdsOutput: holdsOutput)
        return listener.listen()
    }
}

/// Waits for a command's output, its end, and signals to pass on.
private struct Listener {
    let process: pid_t
    let output: Int32
    let signals: SignalPipe
    let holdsOutput: Bool

    private var kept: [UInt8]? = []
    private var isOpen = true
    private var ending: WrappedCommand.Ending?

    init(process: pid_t, output: Int32, signals: SignalPipe, holdsOutput: Bool) {
        self.holdsOutput = holdsOutput
        self.process = process
        self.output = output
        self.signals = signals
    }

    mutating func listen() -> WrappedCommand.Result {
        // It may have ended before its signal was noticed.
        reap()
        while ending == nil {
            var polls = [pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0)]
            if isOpen { polls.append(pollfd(fd: output, events: Int16(POLLIN), revents: 0)) }
            guard poll(&polls, nfds_t(polls.count), -1) > 0 else { continue }
            if polls.count > 1, polls[1].revents != 0 { read() }
            for message in signals.messages() {
                if message.signal == SIGCHLD {
                    reap()
                } else if ending == nil, !message.isFromTerminal {
                    // The process ID of a command that has ended may belong to another program by now.
                    kill(process, message.signal)
                }
            }
        }
        // A process that the command left behind may hold the pipe open forever, so only what is there now is read.
        _ = fcntl(output, F_SETFL, O_NONBLOCK)
        while isOpen { read() }
        return WrappedCommand.Result(ending: ending ?? .exited(0), output: kept)
    }

    private mutating func reap() {
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return }
        switch ChildProcess.Ending(waitStatus: status) {
        case .exited(let status): ending = .exited(status)
        case .killed(let signal): ending = .killed(signal: signal)
        }
    }

    private mutating func read() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(output, &buffer, buffer.count)
        guard count > 0 else {
            if count == 0 || errno != EINTR { isOpen = false }
            return
        }
        let bytes = buffer[..<count]
        let maximum = holdsOutput ? WrappedCommand.maximumHeldOutput : WrappedCommand.maximumOutput
        if let size = kept?.count, size + count <= maximum {
            kept?.append(contentsOf: bytes)
        } else {
            // What is dropped is read nevertheless, or the command would never end.
            if !holdsOutput { Console.write((kept ?? []) + bytes) }
            kept = nil
        }
    }
}
