import CredentialPlugin
import Doctor
import Glibc
import HTTPSClient
import Terminal
import Timestamps
import WebhookReview

/// The node of `enable`: its programs, webhook and API server.
public struct NodeHost {
    private let kubeconfig: String
    private let timeout: Duration
    private let distribution: Distribution
    private let changesNode: Bool
    private let start = ContinuousClock.now

    /// - Parameters:
    ///   - kubeconfig: an admin's; nil for the distribution's own.
    ///   - timeout: how long programs may take, apart from two minutes of grace.
    ///   - changesNode: whether the command changes the node. Then neither a signal nor the end of whoever reads its
    ///     report ends it in the middle.
    public init(_ distribution: Distribution, kubeconfig: String?, timeout: Duration, changesNode: Bool) {
        self.changesNode = changesNode
        self.kubeconfig = kubeconfig ?? distribution.adminKubeconfig
        self.timeout = timeout
        self.distribution = distribution
    }

    /// Path of this program.
    public static var program: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The environment of commands that change this node.
    public var environment: NodeEnvironment {
        let patience = min(timeout, .seconds(10))
        let apiServer = LocalAPIServer(kubeconfig: kubeconfig, distribution: distribution, patience: patience)
        let interruption = changesNode ? Interruption() : nil
        let report = ReportWriter()
        return NodeEnvironment(
            run: run,
            askAPIServer: apiServer.send,
            detour: apiServer.detour,
            askWebhook: { NodeHost.askWebhook($0, $1, patience) },
            obstacleToReadiness: { host, port in
                let host = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
                return ReadinessCheck(host: host, port: port).obstacle
            },
            isTaken: LocalPort.isTaken,
            account: { name in
                guard let entry = getpwnam(name) else { return nil }
                return (user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
            },
            hostName: {
                var buffer = [CChar](repeating: 0, count: 256)
                gethostname(&buffer, buffer.count - 1)
                return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            },
            interruptions: { interruption?.signals() ?? [] },
            pause: { usleep(500_000) },
            elapsed: { [start] in ContinuousClock.now - start },
            now: { .now() },
            say: changesNode ? report.write : { Console.print($0) })
    }

    /// A program in `PATH`, or where systems keep those for root: `su` does not always say so in `PATH`.
    private static func find(_ name: String) -> String? {
        let places = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"].map { "\($0)/\(name)" }
        return ([name] + places).lazy.compactMap { try? ChildProcess.find($0) }.first
    }

    private func run(_ command: [String]) -> NodeEnvironment.Ending {
        guard let name = command.first, let path = NodeHost.find(name) else {
            return .init(isSuccess: false, message: "there is no program \(command.first ?? "")")
        }
        let process = PluginProcess(
            path: path, arguments: Array(command.dropFirst()), environment: [], isInteractive: false,
            timeout: timeout + .seconds(120), passesMessagesOn: false, hasOwnGroup: true)
        let result = process.run()
        let output = String(decoding: result.output, as: UTF8.self)
        guard let failure = result.failure else { return .init(isSuccess: true, output: output) }
        let said = result.said.split(separator: "\n").last.map(String.init) ?? ""
        let message =
            switch failure {
            case .exited(let status): said.isEmpty ? "exit status \(status)" : said
            case .killed(let signal): "signal \(signal)"
            case .timedOut: "it did not end in time"
            case .notFound, .cannotStart: "it cannot be started"
            case .tooMuchOutput: "it printed too much"
            }
        return .init(isSuccess: false, output: output, message: message)
    }

    /// Prints the report of a run that goes on without its reader.
    private final class ReportWriter {
        private var isBroken = false

        func write(_ line: String) {
            guard let problem = Console.tryPrint(line), !isBroken else { return }
            isBroken = true
            Console.note("kube-entra: the report cannot be written to standard output (\(problem)); the run goes on")
        }
    }

    private static func askWebhook(
        _ kubeconfig: String, _ body: [UInt8], _ patience: Duration
    ) -> NodeEnvironment.Answer {
        do {
            let target = try ReviewTarget(kubeconfig: kubeconfig)
            let response = try target.post(body, timeout: patience)
            return .status(response.status, response.body)
        } catch let error as HTTPSError {
            return .none("the webhook does not answer: \(error.sentence)")
        } catch {
            return .none((error as? CommandFailure)?.sentence ?? "the webhook cannot be asked")
        }
    }
}
