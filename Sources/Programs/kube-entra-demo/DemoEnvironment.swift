import Addresses
import Entra
import EntraSimulator
import Files
import Glibc
import HTTPSClient
import Jansson
import NIOCore
import NIOPosix
import OpenSSL
import Timestamps

/// The simulated Entra, the webhook's process, and the folder in which both have their files.
final class DemoEnvironment: Sendable {
    static let audience = "aaaaaaaa-0000-0000-0000-000000000000"

    let folder: String
    let authority: String
    let port: Int
    let tenant: SimulatedTenant
    let otherTenant: SimulatedTenant
    let simulator: SimulatorServer
    let directory: SimulatedDirectory
    let configuration: DemoConfiguration
    let process: ChildProcess
    let client: HTTPSClient
    let group: MultiThreadedEventLoopGroup

    private init(
        folder: String, authority: String, port: Int, tenants: [SimulatedTenant], simulator: SimulatorServer,
        directory: SimulatedDirectory, configuration: DemoConfiguration, process: ChildProcess, client: HTTPSClient,
        group: MultiThreadedEventLoopGroup
    ) {
        self.folder = folder
        self.authority = authority
        self.port = port
        tenant = tenants[0]
        otherTenant = tenants[1]
        self.simulator = simulator
        self.directory = directory
        self.configuration = configuration
        self.process = process
        self.client = client
        self.group = group
    }

    /// Creates certificates, starts the simulated Entra and the webhook, and waits until it is ready.
    static func set(webhook: String) async throws -> DemoEnvironment {
        guard access(webhook, X_OK) == 0 else {
            throw DemoError("there is no kube-entra at \(webhook); build it first, or name it with --webhook")
        }
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        var template = Array(((parent.isEmpty ? "/tmp" : parent) + "/kube-entra-demo-XXXXXX").utf8CString)
        // What mkdtemp returns points into the array, which need not be there any more after that call.
        let folder = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
        guard let folder else { throw DemoError("no temporary folder can be made") }
        do {
            let files = try DemoCertificates(folder: folder)
            let simulator = SimulatorServer(context: files.simulatorContext)
            let entraPort = try await simulator.start()
            let authority = "https://localhost:\(entraPort)"
            let tenants = try ["11111111-2222-3333-4444-555555555555", "99999999-8888-7777-6666-555555555555"].map {
                text in
                guard let id = GUID(text) else { throw DemoError("the demo's tenant is not an ID") }
                return try SimulatedTenant(tenantID: id, authority: authority)
            }
            for tenant in tenants { simulator.add(tenant) }
            guard let application = GUID("bbbbbbbb-0000-0000-0000-000000000000") else {
                throw DemoError("the demo's application is not an ID")
            }
            let directory = SimulatedDirectory(endpoint: authority, clientID: application)
            simulator.setDirectory(directory)
            try FileIO.write(Array(directory.clientSecret.utf8), to: folder + "/secret")
            let (port, operations) = try (freePort(), freePort())
            let configuration = DemoConfiguration(tenant: tenants[0], port: port, operations: operations)
            try FileIO.write(Array(configuration.text.utf8), to: folder + "/config.yaml")
            let process = try ChildProcess(
                [webhook, "serve", "--config", folder + "/config.yaml"], output: folder + "/webhook.log")
            let environment = DemoEnvironment(
                folder: folder, authority: authority, port: port, tenants: tenants, simulator: simulator,
                directory: directory, configuration: configuration, process: process,
                client: HTTPSClient(context: files.clientContext),
                group: MultiThreadedEventLoopGroup(numberOfThreads: 1))
            try await environment.waitUntilReady()
            return environment
        } catch {
            remove(folder)
            throw error
        }
    }

    /// Replaces the running webhook's configuration.
    func reconfigure(_ configuration: DemoConfiguration) throws {
        try FileIO.write(Array(configuration.text.utf8), to: folder + "/config.yaml")
        process.send(SIGHUP)
    }

    private func waitUntilReady() async throws {
        guard let objectID = GUID(SignInCases.admins) else { throw DemoError("the demo's groups are no IDs") }
        let probe = try SimulatedToken(.device, tenant: tenant, audience: DemoEnvironment.audience, objectID: objectID)
            .signed()
        for _ in 0..<150 {
            if let status = process.exitStatus {
                throw DemoError("the webhook ended with status \(status): \(log())")
            }
            // A probe that is refused for its claims was verified with existing keys.
            if (try? await review(probe)) == .refused(reason: "subject_kind_not_allowed") { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw DemoError("the webhook did not become ready: \(log())")
    }

    private func log() -> String {
        let bytes = (try? FileIO.read(folder + "/webhook.log")) ?? []
        return String(decoding: bytes.suffix(500), as: UTF8.self)
    }

    /// Prints how to try it by hand.
    func explainByHand() async throws {
        let signIns = try SignInCases(self)
        let (token, expected) = (signIns.parts[0].token, signIns.parts[0].expected)
        // Restores the admin's account and groups, which earlier cases changed.
        directory.setEnabled(true, of: signIns.adminID)
        directory.setGroups([signIns.adminsID], of: signIns.adminID)
        _ = try await self.review(token, until: expected)
        let review = JSON.object([
            ("kind", "TokenReview"), ("apiVersion", "authentication.k8s.io/v1"),
            ("spec", .object([("token", .string(token))])),
        ])
        try FileIO.write(review.render(), to: folder + "/review.json")
        try FileIO.write(Array(token.utf8), to: folder + "/token")
        let kubeconfig = """
            apiVersion: v1
            kind: Config
            clusters: [{name: kube-entra, cluster: {server: "https://127.0.0.1:\(port)/authenticate", \
            certificate-authority: \(folder)/ca.crt}}]
            users: [{name: apiserver, user: {client-certificate: \(folder)/client.crt, client-key: \(folder)/client.key}}]
            contexts: [{name: webhook, context: {cluster: kube-entra, user: apiserver}}]
            current-context: webhook

            """
        try FileIO.write(Array(kubeconfig.utf8), to: folder + "/webhook-kubeconfig.yaml")
        DemoCommand.write(
            """

            Everything stays up until Ctrl-C. To try it by hand:

              curl --cacert \(folder)/ca.crt --cert \(folder)/client.crt \\
                --key \(folder)/client.key -H 'Content-Type: application/json' \\
                -d @\(folder)/review.json https://127.0.0.1:\(port)/authenticate

            kube-apiserver's flags:

              --authentication-token-webhook-config-file=\(folder)/webhook-kubeconfig.yaml
              --authentication-token-webhook-version=v1

            What the webhook shows of itself, for a browser and for Prometheus:

              http://127.0.0.1:\(configuration.operations)/statusz
              http://127.0.0.1:\(configuration.operations)/metrics

            The webhook's log: \(folder)/webhook.log
            """)
    }

    /// Ends the processes and removes their files.
    func tearDown() async {
        process.end()
        await simulator.stop()
        try? await group.shutdownGracefully()
        DemoEnvironment.remove(folder)
    }

    private static func remove(_ folder: String) {
        for name in DemoCertificates.fileNames + [
            "config.yaml", "secret", "webhook.log", "review.json", "token", "webhook-kubeconfig.yaml", "keys.json",
            "output", "denied.json", "denied.json.lock",
        ] {
            unlink("\(folder)/\(name)")
        }
        rmdir(folder)
    }

    /// A loopback port that was free a moment ago.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(descriptor, raw, length) == 0 && getsockname(descriptor, raw, &length) == 0
            }
        }
        guard status else { throw DemoError("no port is free") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
