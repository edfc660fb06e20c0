import Addresses
import Certificates
import Doctor
import HTTPSClient
import Kubeconfigs
import SafeText
import Terminal

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
            if local.cluster.server.map({ ExactText($0) }) != access.cluster.server.map({ ExactText($0) }) {
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
