import ArgumentParser
import Files
import Glibc
import Synchronization

/// Runs everything on a simulated Entra, without any setup.
@main
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kube-entra-demo",
        abstract: "Shows kube-entra at work against a simulated Entra.",
        discussion: """
            Makes keys and certificates in a temporary folder, starts a simulated Entra and the real webhook with \
            mutual TLS, and sends it one token of each kind through a real TokenReview over HTTPS. Nothing leaves this \
            machine, and nothing stays on it.

            Exit status: 0 every answer is as expected; 1 one is not; 2 the demo could not run.
            """)

    @Flag(name: .customLong("keep-running"), help: "Leave everything up and print how to try it by hand.")
    var keepRunning = false

    @Option(
        name: .long,
        help: ArgumentHelp("The kube-entra to show; default: the one beside this program.", valueName: "file"),
        completion: .file())
    var webhook: String?

    func run() async throws {
        let webhook = webhook ?? DemoCommand.sibling()
        // Signals are caught from here on, so that an interrupted demo leaves no webhook and no folder behind.
        let signals = await Signals()
        let environment: DemoEnvironment
        do {
            environment = try await DemoEnvironment.set(webhook: webhook)
        } catch {
            DemoCommand.write("kube-entra-demo: \(DemoCommand.sentence(error))", to: STDERR_FILENO)
            throw ExitCode(2)
        }
        let isOver = Mutex(false)
        let watch = Task {
            guard await signals.wait(), !isOver.withLock({ $0 }) else { return }
            await environment.tearDown()
            Glibc.exit(130)
        }
        let failures: Int
        do {
            failures = try await show(environment, webhook: webhook)
            isOver.withLock { $0 = true }
            if keepRunning {
                try await environment.explainByHand()
                await watch.value
            }
        } catch {
            watch.cancel()
            await environment.tearDown()
            DemoCommand.write("kube-entra-demo: \(DemoCommand.sentence(error))", to: STDERR_FILENO)
            throw ExitCode(2)
        }
        await environment.tearDown()
        if failures > 0 { throw ExitCode(1) }
    }

    /// Runs all cases, and returns how many answers were not as expected.
    private func show(_ environment: DemoEnvironment, webhook: String) async throws -> Int {
        DemoCommand.write(
            "Simulated Entra: \(environment.authority)\nWebhook:         https://127.0.0.1:\(environment.port)/authenticate\n"
        )
        var failures = 0
        let signIns = try SignInCases(environment)
        let table = DemoTable(usesColor: isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil)
        DemoCommand.write(table.header)
        for part in signIns.parts {
            let answer = try await environment.review(part.token)
            if answer != part.expected { failures += 1 }
            DemoCommand.write(table.row(part.name, answer, isExpected: answer == part.expected))
        }
        DemoCommand.write("\n" + table.header("then this happens"))
        for act in try OperationCases(signIns, environment, webhook: webhook).acts {
            let session = act.isRequest ? try await environment.signIn(act.token(environment)) : nil
            try act.prepare?(environment)
            let answer =
                if let session {
                    try await environment.request(of: session, until: act.expected)
                } else {
                    try await environment.review(act.token(environment), until: act.expected)
                }
            if answer != act.expected { failures += 1 }
            DemoCommand.write(
                table.row(act.name, answer, isExpected: answer == act.expected, point: act.point))
        }
        DemoCommand.write("\nAnd why, as `kube-entra inspect` tells the person with the expired token:\n")
        DemoCommand.write(try environment.explanation(of: signIns.expired, webhook: webhook))
        DemoCommand.write(
            failures == 0 ? "\nEvery answer is as expected." : "\n\(failures) answers are not as expected.")
        return failures
    }

    /// Writes a line without buffering, also into a pipe.
    static func write(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
        _ = FileIO.writeAll(Array((text + "\n").utf8), to: descriptor)
    }

    /// The program of that name in this program's folder.
    private static func sibling() -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard length > 0 else { return "kube-entra" }
        let own = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/kube-entra"
    }

    private static func sentence(_ error: any Error) -> String {
        (error as? DemoError)?.sentence ?? "\(error)"
    }
}

/// Why the demo could not run.
struct DemoError: Error {
    let sentence: String

    init(_ sentence: String) {
        self.sentence = sentence
    }
}
