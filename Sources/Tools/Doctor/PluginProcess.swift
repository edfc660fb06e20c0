import CredentialPlugin
import Files
import Glibc

/// One run of an exec plugin, as kubectl runs it.
public struct PluginProcess {
    /// Why a run returned nothing usable.
    public enum Failure: Error {
        case notFound
        case cannotStart(code: Int32)
        case exited(status: Int32)
        case killed(signal: Int32)
        case timedOut
        case tooMuchOutput
    }

    /// The result of a run.
    public struct Result {
        /// Standard output.
        public var output: [UInt8]
        /// The end of its messages for people, which were passed on while it ran.
        public var said: String
        /// Nil if the program ended with status 0.
        public var failure: Failure?
    }

    private static let maximumOutput = 1 << 20
    private static let keptMessages = 16_384

    var path: String
    var arguments: [String]
    /// Variables in addition to this process's own.
    var environment: [(name: String, value: String)]
    var isInteractive: Bool
    var timeout: Duration
    /// Whether its messages for people are shown while it runs.
    var passesMessagesOn = true
    /// Whether it gets a process group of its own.
    var hasOwnGroup = false

    /// - Parameters:
    ///   - environment: variables in addition to this process's own.
    ///   - hasOwnGroup: whether it gets a process group of its own, so that the terminal's Ctrl-C does not reach it.
    public init(
        path: String, arguments: [String], environment: [(name: String, value: String)], isInteractive: Bool,
        timeout: Duration, passesMessagesOn: Bool = true, hasOwnGroup: Bool = false
    ) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.isInteractive = isInteractive
        self.timeout = timeout
        self.passesMessagesOn = passesMessagesOn
        self.hasOwnGroup = hasOwnGroup
    }

    /// Runs the program until it ends or times out.
    public func run() -> Result {
        var result = Result(output: [], said: "", failure: nil)
        guard let output = ChildProcess.pipe(), let messages = ChildProcess.pipe() else {
            result.failure = .cannotStart(code: errno)
            return result
        }
        let started = start(output: output.write, messages: messages.write)
        close(output.write)
        close(messages.write)
        defer {
            close(output.read)
            close(messages.read)
        }
        switch started {
        case .failure(let failure): result.failure = failure
        case .success(let process):
            result.failure = listen(to: process, output: output.read, messages: messages.read, into: &result)
        }
        return result
    }

    private func start(output: Int32, messages: Int32) -> Swift.Result<pid_t, Failure> {
        OpenDescriptors.closeInChildren()
        let (process, code) = ChildProcess.start(
            path, words: [path] + arguments, environment: variables,
            streams: .init(hasInput: isInteractive, output: output, messages: messages), hasOwnGroup: hasOwnGroup)
        if code == 0 { return .success(process) }
        return .failure(code == ENOENT ? .notFound : .cannotStart(code: code))
    }

    private var variables: [String] {
        let own = Set(environment.map(\.name))
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if !own.contains(String(text.prefix { $0 != "=" })) { variables.append(text) }
            next += 1
        }
        return variables + environment.map { "\($0.name)=\($0.value)" }
    }

    /// Reads until the process has ended or has timed out.
    private func listen(to process: pid_t, output: Int32, messages: Int32, into result: inout Result) -> Failure? {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: timeout)
        var open = [output, messages]
        var said: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var status: Int32 = 0
        var hasEnded = false
        while !(hasEnded && open.isEmpty) {
            guard clock.now < deadline else {
                if !hasEnded { end(process) }
                result.said = String(decoding: said, as: UTF8.self)
                return hasEnded ? failure(status) : .timedOut
            }
            if !hasEnded, waitpid(process, &status, WNOHANG) == process {
                hasEnded = true
                // A grandchild may hold the pipes open forever; the plugin's own output has arrived by now.
                for descriptor in open { _ = fcntl(descriptor, F_SETFL, O_NONBLOCK) }
            }
            var polls = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            let count = poll(&polls, nfds_t(polls.count), hasEnded ? 0 : 50)
            if hasEnded, count == 0 { break }
            for entry in polls where entry.revents != 0 {
                let length = read(entry.fd, &buffer, buffer.count)
                if length <= 0 {
                    open.removeAll { $0 == entry.fd }
                } else if entry.fd == output {
                    result.output += buffer[..<length]
                } else {
                    if passesMessagesOn { _ = FileIO.writeAll(Array(buffer[..<length]), to: STDERR_FILENO) }
                    said = Array((said + buffer[..<length]).suffix(PluginProcess.keptMessages))
                }
            }
            if result.output.count > PluginProcess.maximumOutput {
                if !hasEnded { end(process) }
                return .tooMuchOutput
            }
            if open.isEmpty, !hasEnded { usleep(2_000) }
        }
        result.said = String(decoding: said, as: UTF8.self)
        return failure(status)
    }

    private func end(_ process: pid_t) {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }

    private func failure(_ status: Int32) -> Failure? {
        switch ChildProcess.Ending(waitStatus: status) {
        case .exited(0): nil
        case .exited(let status): .exited(status: status)
        case .killed(let signal): .killed(signal: signal)
        }
    }
}
