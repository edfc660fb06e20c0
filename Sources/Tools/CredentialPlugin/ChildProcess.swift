public import Glibc

/// Finds and starts the program of a credential plugin, the way kubectl does. `credential`, where the plugin has the
/// terminal, and `doctor`, which sets a deadline, both use it.
///
/// swift-subprocess is not used. It reads until every writer has closed the pipe, and a plugin may leave a process
/// behind that never does (a browser's helper, an agent; swift-subprocess issue 256). Cancelling the run ends that
/// wait, but then the plugin's answer has to be kept outside of the run, and its exit status is lost. Nor does it pass
/// on signals by their sender, as a command between kubectl and a plugin must: a terminal sends its signals to both.
public enum ChildProcess {
    /// Why a program cannot be run.
    public enum Missing: Error, Hashable, Sendable {
        case notFound
        case notExecutable
    }

    /// How a process ended.
    public enum Ending: Hashable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)

        /// - Parameter status: from waitpid(2), of a process that has ended.
        public init(waitStatus status: Int32) {
            let signal = status & 0x7F
            self = signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
        }
    }

    /// The file of a command: a path is used as it is; any other name is searched in `PATH`, but never in a relative
    /// folder, with which the current folder could choose the program.
    ///
    /// - Throws: ``Missing`` if there is no such program that this user may run.
    public static func find(_ command: String) throws(Missing) -> String {
        if command.utf8.contains(UInt8(ascii: "/")) {
            try check(command)
            return command
        }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        var missing = Missing.notFound
        for folder in path.split(separator: ":") where folder.hasPrefix("/") {
            let candidate = "\(folder)/\(command)"
            do throws(Missing) {
                try check(candidate)
                return candidate
            } catch {
                if error == .notExecutable { missing = error }
            }
        }
        throw missing
    }

    private static func check(_ path: String) throws(Missing) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw errno == EACCES ? .notExecutable : .notFound }
        guard status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0 else { throw .notExecutable }
    }

    /// The standard streams of a started program.
    public struct Streams {
        /// Whether it reads this process's standard input; else its input is empty.
        public var hasInput: Bool
        /// Where it writes its result.
        public var output: Int32
        /// Where it writes its messages; nil for this process's standard error.
        public var messages: Int32?

        public init(hasInput: Bool, output: Int32, messages: Int32?) {
            self.hasInput = hasInput
            self.output = output
            self.messages = messages
        }
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - words: the command line, the program's own name included.
    ///   - environment: `NAME=value`; nil for this process's own.
    ///   - hasOwnGroup: whether it gets a process group of its own, so that the terminal's Ctrl-C does not reach it.
    /// - Returns: the process, or the error code of posix_spawn(3), which is not 0 then.
    public static func start(
        _ path: String, words: [String], environment: [String]?, streams: Streams, hasOwnGroup: Bool = false
    ) -> (process: pid_t, code: Int32) {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        if !streams.hasInput { posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) }
        posix_spawn_file_actions_adddup2(&actions, streams.output, STDOUT_FILENO)
        if let messages = streams.messages { posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO) }
        // The program must not inherit that this process ignores signals, such as broken pipes.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // This code may run on a thread that blocks every signal, which the program would inherit.
        var blocked = sigset_t()
        sigemptyset(&blocked)
        posix_spawnattr_setsigmask(&attributes, &blocked)
        let group = hasOwnGroup ? POSIX_SPAWN_SETPGROUP : 0
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | group))
        var process: pid_t = 0
        let code = withCStrings(words) { argv in
            guard let environment else { return posix_spawn(&process, path, &actions, &attributes, argv, environ) }
            return withCStrings(environment) { posix_spawn(&process, path, &actions, &attributes, argv, $0) }
        }
        return (process, code)
    }

    /// Both ends of a pipe that child processes do not inherit by accident; nil if the system has no more.
    public static func pipe() -> (read: Int32, write: Int32)? {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// Calls a closure with a NULL-terminated array of C strings, valid only during the call.
    private static func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
