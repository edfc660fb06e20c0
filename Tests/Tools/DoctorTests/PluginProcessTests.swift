import CredentialPlugin
import Doctor
import Glibc
import Testing

@Suite struct PluginProcessTests {
    private static func run(_ script: String, timeout: Duration = .seconds(60)) -> PluginProcess.Result {
        PluginProcess(
            path: "/bin/sh", arguments: ["-c", script], environment: [(name: "GIVEN", value: "value")],
            isInteractive: false, timeout: timeout, passesMessagesOn: false
        ).run()
    }

    @Test("output and messages are kept apart")
    func output() {
        let result = Self.run("echo credential; echo \"said $GIVEN\" >&2")
        #expect(result.failure == nil)
        #expect(String(decoding: result.output, as: UTF8.self) == "credential\n")
        #expect(result.said == "said value\n")
    }

    @Test("a status other than 0 and a signal are told apart")
    func endings() {
        guard case .exited(let status)? = Self.run("exit 7").failure else {
            Issue.record("not an exit")
            return
        }
        #expect(status == 7)
        guard case .killed(let signal)? = Self.run("kill -9 $$").failure else {
            Issue.record("not a signal")
            return
        }
        #expect(signal == 9)
    }

    @Test("a program that is not there is not found")
    func missing() throws {
        let process = PluginProcess(
            path: "/nonexistent/plugin", arguments: [], environment: [], isInteractive: false, timeout: .seconds(60))
        guard case .notFound? = process.run().failure else {
            Issue.record("found")
            return
        }
        #expect(throws: ChildProcess.Missing.notFound) { try ChildProcess.find("/nonexistent/plugin") }
        #expect(throws: ChildProcess.Missing.notExecutable) { try ChildProcess.find("/etc/passwd") }
        #expect(try ChildProcess.find("sh").hasSuffix("/sh"))
    }

    @Test("one that takes too long is ended")
    func timeout() {
        guard case .timedOut? = Self.run("exec sleep 600", timeout: .milliseconds(200)).failure else {
            Issue.record("not timed out")
            return
        }
    }

    @Test("a child that keeps the pipe open does not hold up the answer")
    func grandchild() {
        let result = Self.run("echo credential; sleep 20 & exit 0")
        #expect(result.failure == nil)
        #expect(String(decoding: result.output, as: UTF8.self) == "credential\n")
    }

    @Test("no open socket of this process is handed on to it")
    func descriptors() {
        // As after accept(): not closed in a child process.
        let descriptor = dup(STDERR_FILENO)
        defer { close(descriptor) }
        let result = Self.run("test -e /proc/self/fd/\(descriptor) || echo closed")
        #expect(String(decoding: result.output, as: UTF8.self) == "closed\n")
    }

    @Test("more output than any credential has ends it")
    func flood() {
        guard case .tooMuchOutput? = Self.run("while :; do echo 0123456789012345678901234567890123456789; done").failure
        else {
            Issue.record("not ended")
            return
        }
    }
}
