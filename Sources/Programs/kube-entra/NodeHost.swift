internal import Addresses
internal import Certificates
internal import Doctor
internal import Glibc
internal import HTTPSClient
internal import Installation
internal import Kubeconfigs
internal import Terminal
internal import Timestamps

/// The node of `enable`: its programs, webhook and API server.
struct NodeHost {
    let options: NodeOptions
    let distribution: Distribution
    private let start = ContinuousClock.now

    init(_ options: NodeOptions, _ distribution: Distribution) {
        self.options = options
        self.distribution = distribution
    }

    /// Path of this program.
    static var program: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var environment: NodeEnvironment {
        let apiServer = LocalAPIServer(
            kubeconfig: options.kubeconfig ?? distribution.adminKubeconfig, distribution: distribution)
        return NodeEnvironment(
            run: run,
            askAPIServer: apiServer.send,
            askWebhook: NodeHost.askWebhook,
            obstacleToReadiness: { host, port in
                let host = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
                return ReadinessCheck(host: host, port: port).obstacle
            },
            account: { name in
                guard let entry = getpwnam(name) else { return nil }
                return (user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
            },
            pause: { usleep(500_000) },
            elapsed: { [start] in ContinuousClock.now - start },
            now: { .now() },
            say: { Console.print($0) })
    }

    private func run(_ command: [String]) -> NodeEnvironment.Ending {
        guard let name = command.first, let path = PluginProcess.find(name) else {
            return .init(isSuccess: false, message: "there is no program \(command.first ?? "")")
        }
        let process = PluginProcess(
            path: path, arguments: Array(command.dropFirst()), environment: [], isInteractive: false,
            timeout: options.duration + .seconds(120))
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

    private static func askWebhook(_ kubeconfig: String, _ body: [UInt8]) -> NodeEnvironment.Answer {
        do {
            let target = try ReviewTarget(kubeconfig: kubeconfig)
            let response = try target.connection(timeout: .seconds(10)).send(
                .post, target.url,
                headers: [
                    (name: "Content-Type", value: "application/json"),
                    (name: "Accept", value: "application/json, */*"),
                ],
                body: body)
            return .status(response.status, response.body)
        } catch let error as HTTPSError {
            return .none("the webhook does not answer: \(error.sentence)")
        } catch {
            return .none((error as? CommandFailure)?.sentence ?? "the webhook cannot be asked")
        }
    }
}

/// This node's own API server, because an admin's kubeconfig may name a load balancer.
final class LocalAPIServer {
    private let kubeconfig: String
    private let distribution: Distribution
    private var chosen: APIServer?
    /// An admin's token, if the kubeconfig has no certificate.
    private var token: String?

    init(kubeconfig: String, distribution: Distribution) {
        self.kubeconfig = kubeconfig
        self.distribution = distribution
    }

    func send(_ method: NodeEnvironment.Method, _ path: String, _ body: [UInt8]) -> NodeEnvironment.Answer {
        let servers: [APIServer]
        do {
            servers = try chosen.map { [$0] } ?? candidates()
        } catch {
            return .none((error as? CommandFailure)?.sentence ?? "\(kubeconfig) cannot be used")
        }
        var reason = ""
        for server in servers {
            do throws(HTTPSError) {
                let response = try server.send(LocalAPIServer.method(method), path, token: token, body: body)
                chosen = server
                return .status(response.status, response.body)
            } catch {
                if reason.isEmpty { reason = "\(server.base): \(error.sentence)" }
            }
        }
        return .none(reason)
    }

    private static func method(_ method: NodeEnvironment.Method) -> HTTPSRequest.Method {
        switch method {
        case .get: .get
        case .post: .post
        case .patch: .patch
        case .delete: .delete
        }
    }

    /// This node's own address from kube-apiserver's flags, if it belongs to this host; then that of the kubeconfig.
    private func candidates() throws -> [APIServer] {
        let bytes = try PEMFile.read(kubeconfig)
        let access: KubeconfigAccess
        do throws(KubeconfigError) {
            access = try Kubeconfig.parse(bytes, path: kubeconfig).access()
        } catch {
            throw CommandFailure("\(kubeconfig): \(error.sentence)")
        }
        token = access.user.token
        var ways = [(access: access, isOwnHost: false)]
        if let own = distribution.apiServerAddress(), HostAddresses.contains(own.host) {
            var local = access
            let name = access.cluster.tlsServerName ?? HTTPSURL(access.cluster.server ?? "")?.host
            local.cluster.server = "https://" + (own.host.contains(":") ? "[\(own.host)]" : own.host) + ":\(own.port)"
            local.cluster.tlsServerName = name
            if local.cluster.server != access.cluster.server {
                ways.insert((access: local, isOwnHost: true), at: 0)
            }
        }
        var servers: [APIServer] = []
        for way in ways {
            do throws(APIServer.Problem) {
                servers.append(try APIServer(way.access, timeout: .seconds(10), isOwnHost: way.isOwnHost))
            } catch {
                throw CommandFailure("\(kubeconfig): \(error.sentence)", hint: error.hint)
            }
        }
        return servers
    }
}
