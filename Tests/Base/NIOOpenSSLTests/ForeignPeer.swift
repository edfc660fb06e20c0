import Glibc

/// Another program, run to its end: its output on both streams and its exit status.
struct ForeignPeer: Sendable {
    let output: String
    let status: CInt

    /// - Parameters:
    ///   - input: what is written to the program's standard input, which is then closed.
    ///   - timeout: seconds after which the program is stopped.
    static func run(_ arguments: [String], input: String = "", timeout: Int = 10) -> ForeignPeer {
        var toChild: [CInt] = [0, 0]
        var fromChild: [CInt] = [0, 0]
        guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else {
            return ForeignPeer(output: "no pipe", status: -1)
        }
        // Another test's child process must not keep this one's input open.
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 2)
        let words = ["timeout", String(timeout)] + arguments
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        argv.append(nil)
        defer { argv.forEach { free($0) } }
        var process: pid_t = 0
        let spawned = posix_spawnp(&process, "timeout", &actions, nil, argv, environ)
        close(toChild[0])
        close(fromChild[1])
        _ = input.withCString { write(toChild[1], $0, strlen($0)) }
        close(toChild[1])
        defer { close(fromChild[0]) }
        guard spawned == 0 else { return ForeignPeer(output: "not started", status: -1) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(fromChild[0], &chunk, chunk.count)
            if count <= 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        var status: CInt = 0
        waitpid(process, &status, 0)
        return ForeignPeer(output: String(decoding: bytes, as: UTF8.self), status: (status >> 8) & 0xFF)
    }
}
