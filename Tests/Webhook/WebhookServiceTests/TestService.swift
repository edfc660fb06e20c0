import Addresses
import Configuration
import Entra
import HTTPSClient
import Jansson
import LineLogging
import NIOCore
import NIOPosix
import OpenSSL
import SafeText
import TestSupport
import Timestamps
import WebhookServer

@testable import WebhookService

/// The whole service on loopback, its files in a folder, and what it logs.
final class TestService: Sendable {
    static let tenantID = TestTenant.id
    static let otherTenantID = TestTenant.otherID
    static let objectID = TestTenant.objectID
    static let audience = TestTenant.audience

    /// The parts of the configuration that tests change.
    struct Settings: Sendable {
        var listen = "127.0.0.1:0"
        var operations = "127.0.0.1:0"
        var server = ""
        var audience = TestService.audience
        var tenant = ""
        var tenants = [TestService.tenantID]
        var more = ""
    }

    let folder: TemporaryFolder
    let service: WebhookService
    private let log: MemorySink

    private init(folder: TemporaryFolder, service: WebhookService, log: MemorySink) {
        self.folder = folder
        self.service = service
        self.log = log
    }

    /// Runs a test on a service that has begun; its own look at files every second is not waited for.
    static func with(
        _ settings: Settings = Settings(), in folder: TemporaryFolder? = nil,
        _ body: (TestService) async throws -> Void
    ) async throws {
        let folder = try folder ?? TemporaryFolder()
        try writeFiles(settings, folder)
        let servable = try ServableConfiguration.load(folder.path("config.yaml"))
        let log = MemorySink()
        let audit = servable.loaded.configuration.logging.audit.flatMap { LineWriter(appendingTo: $0) }
        let service = WebhookService(
            servable, audit: audit, logLevel: nil, version: "1.2.3", log: LineWriter(sink: log))
        let test = TestService(folder: folder, service: service, log: log)
        try await service.start()
        do {
            try await body(test)
        } catch {
            await service.stop()
            throw error
        }
        await service.stop()
    }

    // MARK: Files

    /// The configuration, and all files that it names.
    static func writeFiles(_ settings: Settings, _ folder: TemporaryFolder) throws {
        try writeCertificate(folder)
        try writeKeys(folder)
        try write(settings, folder)
    }

    func write(_ settings: Settings) throws { try Self.write(settings, folder) }

    private static func write(_ settings: Settings, _ folder: TemporaryFolder) throws {
        let tenants = settings.tenants.map { id in
            "{tenantID: \(id), audiences: [\(settings.audience)], signingKeys: {file: keys.json}\(settings.tenant)}"
        }
        try folder.write(
            "config.yaml",
            """
            apiVersion: kube-entra.dev/v1
            kind: WebhookConfiguration
            server:
              listen: \(settings.listen)
              operations: \(settings.operations)
              certificate: server.crt
              privateKey: server.key
              insecureAllowAnyClient: true
              \(settings.server)
            tenants: [\(tenants.joined(separator: ", "))]
            \(settings.more)

            """)
    }

    /// Another certificate each time.
    static func writeCertificate(_ folder: TemporaryFolder) throws {
        let key = try PrivateKey.generateP256()
        let now = Timestamp.now()
        let certificate = try Certificate.selfSigned(
            CertificateContents(
                subject: CertificateName(commonName: "127.0.0.1"), sans: [.ip("127.0.0.1")],
                notBefore: now.adding(seconds: -3600), notAfter: now.adding(seconds: 90 * 86_400), profile: .server),
            key: key)
        try folder.write("server.key", key.pem())
        try folder.write("server.crt", certificate.pem)
    }

    private static func writeKeys(_ folder: TemporaryFolder) throws {
        let jwk = TestTokens.jwk(try TestTenant.key.get().publicKey)
        try folder.write("keys.json", TestTokens.keySet([jwk]).render())
    }

    // MARK: What it does

    /// Ends when everything that is to be read again was.
    func reload() async throws {
        try await look()
        // The service reads a changed file only after this time.
        try await service.background.next().scheduleTask(in: WebhookService.timeToFinishFile) {}.futureResult.get()
    }

    /// Checks all files once.
    func look() async throws {
        try await service.background.next().submit { self.service.poll() }.get()
    }

    /// `accepted`, or the reason.
    func review(tenant: String = tenantID) async throws -> String {
        let token = try Self.token(tenant)
        let body = #"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"\#(token)"}}"#
        let answer = try await send(.post, "https", service.server.webhookAddress?.port, "/authenticate", body)
        let status = try JSONDocument(parsing: answer.body).root["status"]
        if status?["authenticated"]?.bool == true { return "accepted" }
        return status?["error"]?.string?.split(separator: ":").dropFirst().first.map { String($0.dropFirst()) }
            ?? "foreign"
    }

    /// The text of an operations page.
    func get(_ path: String) async throws -> String {
        let answer = try await send(.get, "http", service.server.operationsAddress?.port, path, "")
        return String(decoding: answer.body, as: UTF8.self)
    }

    /// Fails when the server presents another certificate than the one in the folder.
    private func send(
        _ method: HTTPSRequest.Method, _ scheme: String, _ port: Int?, _ path: String, _ body: String
    ) async throws -> HTTPSResponse {
        let context = try TLSContext(
            client: TLSClientConfiguration(
                trust: .pem(Array(folder.read("server.crt").utf8)), applicationProtocols: ["http/1.1"]))
        let base = "\(scheme)://127.0.0.1:\(port ?? 0)"
        let url = scheme == "https" ? HTTPSURL(base + path) : .instanceMetadata(base: base, target: path)
        guard let url else { throw TemporaryFolder.Failure() }
        let request = HTTPSRequest(
            method, url, headers: [("Content-Type", "application/json")], body: Array(body.utf8))
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return try await HTTPSClient(context: context).send(request, on: loop).get()
    }

    /// Lines that were logged, once those that are on their way are there.
    func logged() -> String {
        service.writer.flush()
        return log.text
    }

    private static func token(_ tenantID: String) throws -> String {
        let now = Timestamp.now()
        let claims = TestTokens.members(TestTokens.claims(at: now, tenantID: tenantID), [("groups", nil)])
        return try TestTokens.sign(header: .object(TestTokens.header), payload: .object(claims))
    }
}
