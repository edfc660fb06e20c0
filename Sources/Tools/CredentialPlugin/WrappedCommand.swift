internal import Files
internal import Glibc

/// One run of the command after `--`. It inherits standard input, standard error and terminal; only its standard output
/// is read.
public struct WrappedCommand {
    /// How a run ended.
    public enum Ending: Hashable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)
        case notFound
        case notExecutable

        /// The exit status that a shell would report.
        public var status: Int32 {
            switch self {
            case .exited(let status): status
            case .killed(let signal): 128 + signal
            case .notFound: 127
            case .notExecutable: 126
            }
        }
    }

    /// The result of a run.
    public struct Result: Sendable {
        /// How the command ended.
        public var ending: Ending
        /// What the command printed; nil if it was too long and was passed on directly.
        public var output: [UInt8]?
    }

    /// More bytes than any credential has.
    public static let maximumOutput = 1 << 20

    private let command: String
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
    public func run() -> Result {
        let path: String
        switch WrappedCommand.find(command) {
        case .success(let found): path = found
        case .failure(let failure): return Result(ending: failure.ending, output: [])
        }
        guard let relay = SignalRelay() else { return Result(ending: .notExecutable, output: []) }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return Result(ending: .notExecutable, output: []) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let (process, code) = start(path, output: ends[1])
        close(ends[1])
        defer { close(ends[0]) }
        guard code == 0 else {
            return Result(ending: code == ENOENT ? .notFound : .notExecutable, output: [])
        }
        var listener = Listener(process: process, output: ends[0], relay: relay)
        return listener.listen()
    }

    private func start(_ path: String, output: Int32) -> (process: pid_t, code: Int32) {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        // The command need not ignore what this program ignores, such as broken pipes.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // This code may run on a thread that blocks every signal, which the command would inherit.
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var words = ([command] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, path, &actions, &attributes, &words, environ)
        return (process, code)
    }

    // MARK: Finding

    private struct NotFound: Error {
        var ending: Ending
    }

    /// A path is used as it is. Any other name is searched in `PATH` like in kubectl, but never in a relative folder.
    private static func find(_ command: String) -> Swift.Result<String, NotFound> {
        if command.utf8.contains(UInt8(ascii: "/")) { return checkExecutable(command).map { _ in command } }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        var failure = NotFound(ending: .notFound)
        for folder in path.split(separator: ":") where folder.hasPrefix("/") {
            switch checkExecutable("\(folder)/\(command)") {
            case .success(let found): return .success(found)
            case .failure(let problem) where problem.ending == .notExecutable: failure = problem
            case .failure: break
            }
        }
        return .failure(failure)
    }

    private static func checkExecutable(_ path: String) -> Swift.Result<String, NotFound> {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return .failure(NotFound(ending: errno == EACCES ? .notExecutable : .notFound))
        }
        guard status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0 else {
            return .failure(NotFound(ending: .notExecutable))
        }
        return .success(path)
    }
}

/// Waits for a command's output, its end, and signals to pass on.
private struct Listener {
    let process: pid_t
    let output: Int32
    let relay: SignalRelay

    private var kept: [UInt8]? = []
    private var isOpen = true
    private var ending: WrappedCommand.Ending?

    init(process: pid_t, output: Int32, relay: SignalRelay) {
        self.process = process
        self.output = output
        self.relay = relay
    }

    mutating func listen() -> WrappedCommand.Result {
        // It may have ended before its signal was noticed.
        reap()
        while ending == nil {
            var polls = [pollfd(fd: relay.descriptor, events: Int16(POLLIN), revents: 0)]
            if isOpen { polls.append(pollfd(fd: output, events: Int16(POLLIN), revents: 0)) }
            guard poll(&polls, nfds_t(polls.count), -1) > 0 else { continue }
            if polls.count > 1, polls[1].revents != 0 { read() }
            for message in relay.messages() {
                if message.signal == SIGCHLD {
                    reap()
                } else if !message.isFromTerminal {
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
        let signal = status & 0x7F
        ending = signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
    }

    private mutating func read() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(output, &buffer, buffer.count)
        guard count > 0 else {
            if count == 0 || errno != EINTR { isOpen = false }
            return
        }
        let bytes = Array(buffer[..<count])
        guard let before = kept else {
            _ = FileIO.writeAll(bytes, to: STDOUT_FILENO)
            return
        }
        if before.count + count <= WrappedCommand.maximumOutput {
            kept = before + bytes
        } else {
            _ = FileIO.writeAll(before + bytes, to: STDOUT_FILENO)
            kept = nil
        }
    }
}
