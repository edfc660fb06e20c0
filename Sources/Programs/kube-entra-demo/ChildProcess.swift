import Glibc
import NIOConcurrencyHelpers

/// A program that runs beside this one and writes its output to a file.
final class ChildProcess: Sendable {
    private let identifier: pid_t
    private let status = NIOLockedValueBox<Int32?>(nil)

    init(_ arguments: [String], output: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        // Otherwise, the simulated Entra's sockets would stay open as long as the child lives.
        for descriptor in STDERR_FILENO + 1..<256 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var identifier: pid_t = 0
        let code = posix_spawn(&identifier, arguments[0], &actions, nil, &pointers, environ)
        guard code == 0 else {
            throw DemoError("\(arguments[0]) cannot be started: \(String(cString: strerror(code)))")
        }
        self.identifier = identifier
    }

    /// Nil while it runs.
    var exitStatus: Int32? {
        status.withLockedValue { known in
            if known == nil {
                var raw: Int32 = 0
                if waitpid(identifier, &raw, WNOHANG) == identifier { known = raw >> 8 & 0xFF }
            }
            return known
        }
    }

    func send(_ signal: Int32) {
        if exitStatus == nil { kill(identifier, signal) }
    }

    /// Asks it to end and waits; after ten seconds it is killed.
    func end() {
        guard exitStatus == nil else { return }
        kill(identifier, SIGTERM)
        for _ in 0..<1000 where exitStatus == nil { usleep(10_000) }
        if exitStatus == nil {
            kill(identifier, SIGKILL)
            while exitStatus == nil { usleep(10_000) }
        }
    }
}
