import Addresses
import Certificates
import Doctor
import Files
import HTTPSClient
import Kubeconfigs
import OpenSSL
import SafeText
import Terminal
import Timestamps

/// This node's own API server, and the cluster's objects, which any API server has.
///
/// An admin's kubeconfig may name a load balancer, behind which another node's API server answers. What only this
/// node's API server knows is therefore asked at the node's own address and nowhere else.
final class LocalAPIServer {
    /// One address with the credentials for it.
    private struct Way {
        var server: APIServer
        /// An admin's token, if the kubeconfig has no certificate.
        var token: String?
        /// What is wrong with the client certificate by this host's clock; nil if nothing is.
        var fault: String?
    }

    private let kubeconfig: String
    private let distribution: Distribution
    /// How long to wait for each answer.
    private let patience: Duration
    private var ways: (own: [Way], kubeconfig: Way?)?
    /// The ways that answered.
    private var chosen: [NodeEnvironment.Scope: Way] = [:]

    init(kubeconfig: String, distribution: Distribution, patience: Duration) {
        self.patience = patience
        self.kubeconfig = kubeconfig
        self.distribution = distribution
    }

    func send(
        _ scope: NodeEnvironment.Scope, _ method: NodeEnvironment.Method, _ path: String, _ body: [UInt8]
    ) -> NodeEnvironment.Answer {
        let candidates: [Way]
        do {
            candidates = try chosen[scope].map { [$0] } ?? self.candidates(scope)
        } catch {
            return .none((error as? CommandFailure)?.sentence ?? "\(kubeconfig) cannot be used")
        }
        var reason = ""
        var silent: String?
        for way in candidates {
            // Another name in the certificate does not help where nothing answers.
            if let silent, ExactText(silent) == ExactText(way.server.base) { continue }
            do throws(HTTPSError) {
                let response = try way.server.send(
                    LocalAPIServer.method(method), path, token: way.token, body: body)
                // An API server takes no notice of a certificate that has ended.
                if response.status == 401, let fault = way.fault { return .none("\(way.server.base): \(fault)") }
                chosen[scope] = way
                return .status(response.status, response.body)
            } catch {
                if reason.isEmpty {
                    reason = "\(way.server.base): \(error.sentence)" + (way.fault.map { "; \($0)" } ?? "")
                }
                if error != .tls(.hostNameMismatch) { silent = way.server.base }
            }
        }
        return .none(reason)
    }

    /// The address at which a scope is asked, if another node's API server may answer there; nil if it is this node's
    /// own, or if nothing has been asked.
    func detour(_ scope: NodeEnvironment.Scope) -> String? {
        guard let ways, let server = chosen[scope]?.server ?? (ways.own.isEmpty ? ways.kubeconfig?.server : nil),
            !ways.own.contains(where: { ExactText($0.server.base) == ExactText(server.base) })
        else { return nil }
        return server.base
    }

    private static func method(_ method: NodeEnvironment.Method) -> HTTPSRequest.Method {
        switch method {
        case .get: .get
        case .post: .post
        case .patch: .patch
        case .delete: .delete
        }
    }

    private func candidates(_ scope: NodeEnvironment.Scope) throws -> [Way] {
        let ways = try self.ways ?? findWays()
        self.ways = ways
        return scope == .node && !ways.own.isEmpty ? ways.own : ways.own + [ways.kubeconfig].compactMap { $0 }
    }

    /// This node's own address: from kube-apiserver's flags, or from a kubeconfig that names this host.
    private func findWays() throws -> (own: [Way], kubeconfig: Way?) {
        let given = try access(kubeconfig)
        let own: [KubeconfigAccess]
        if let address = distribution.apiServerAddress() {
            own = LocalAPIServer.accesses(given, at: address)
        } else {
            let other = ExactText(kubeconfig) == ExactText(distribution.adminKubeconfig)
            let accesses = [other ? nil : try? access(distribution.adminKubeconfig), given].compactMap { $0 }
            own = accesses.filter { KubeconfigText.isOwn($0.cluster.server ?? "") }.prefix(1).map { $0 }
        }
        // Another name of the same server is no other way.
        let address = HTTPSURL(given.cluster.server ?? "")
        let isSame =
            KubeconfigText.isOwn(given.cluster.server ?? "")
            && own.contains { HTTPSURL($0.cluster.server ?? "")?.port == address?.port }
        return (
            own: try own.map { try way($0, isOwnHost: true) },
            kubeconfig: isSame ? nil : try way(given, isOwnHost: false)
        )
    }

    /// The server's certificate has the name in the kubeconfig, or the address itself.
    private static func accesses(
        _ given: KubeconfigAccess, at address: (host: String, port: Int)
    ) -> [KubeconfigAccess] {
        var own = given
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        own.cluster.server = "https://\(host):\(address.port)"
        var named = own
        named.cluster.tlsServerName = given.cluster.tlsServerName ?? HTTPSURL(given.cluster.server ?? "")?.host
        own.cluster.tlsServerName = nil
        return [named, own]
    }

    private func access(_ kubeconfig: String) throws -> KubeconfigAccess {
        let bytes = try PEMFile.read(kubeconfig)
        do throws(KubeconfigError) {
            return try Kubeconfig.parse(bytes, path: kubeconfig).access()
        } catch {
            throw CommandFailure("\(kubeconfig): \(error.sentence)")
        }
    }

    private func way(_ access: KubeconfigAccess, isOwnHost: Bool) throws -> Way {
        do throws(APIServer.Problem) {
            return Way(
                server: try APIServer(access, timeout: patience, isOwnHost: isOwnHost), token: access.user.token,
                fault: fault(access))
        } catch {
            throw CommandFailure("\(kubeconfig): \(error.sentence)", hint: error.hint)
        }
    }

    /// Why an API server does not accept a kubeconfig's client certificate; nil if this host's clock does not say it.
    private func fault(_ access: KubeconfigAccess) -> String? {
        let bytes: [UInt8]? =
            switch access.user.clientCertificate {
            case .data(let bytes)?: bytes
            case .file(let path)?: try? FileIO.read(path)
            case .damaged?, nil: nil
            }
        guard let certificate = bytes.flatMap({ try? Certificate.chain(fromPEM: $0) })?.first else { return nil }
        let now = Timestamp.now()
        guard certificate.notAfter < now || certificate.notBefore > now else { return nil }
        let isOver = certificate.notAfter < now
        let time = (isOver ? certificate.notAfter : certificate.notBefore).rfc3339
        let renewal = distribution == .kubeadm ? " (kubeadm certs renew admin.conf makes a new one)" : ""
        return isOver
            ? "the client certificate in \(kubeconfig) ended at \(time)\(renewal)"
            : "the client certificate in \(kubeconfig) is not valid before \(time): is this host's clock right?"
    }
}
