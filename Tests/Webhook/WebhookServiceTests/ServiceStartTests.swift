import Configuration
import Logging
import NIOCore
import NIOPosix
import Terminal
import TestSupport
import Testing
import WebhookServer

@testable import WebhookService

@Suite("Preparing and starting the service")
struct ServiceStartTests {
    private static func start(
        _ folder: TemporaryFolder, _ settings: TestService.Settings = TestService.Settings(),
        logLevel: Logger.Level? = nil
    ) throws -> ServiceStart {
        try TestService.writeFiles(settings, folder)
        return try ServiceStart(config: folder.path("config.yaml"), logLevel: logLevel, version: "1.2.3")
    }

    @Test("a service with all its files listens and ends")
    func listens() async throws {
        let folder = try TemporaryFolder()
        let start = try Self.start(folder, logLevel: .error)
        try await start.run(sharesPorts: false)
        #expect(start.service.server.webhookAddress?.port ?? 0 > 0)
        #expect(start.service.server.operationsAddress?.port ?? 0 > 0)
        await start.service.stop()
    }

    @Test(
        "an address that somebody else listens on is named with its field",
        arguments: ["server.listen", "server.operations"])
    func takenAddress(field: String) async throws {
        let folder = try TemporaryFolder()
        let other = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let address = "127.0.0.1:\(other.localAddress?.port ?? 0)"
        var settings = TestService.Settings()
        if field == "server.listen" { settings.listen = address } else { settings.operations = address }
        let start = try Self.start(folder, settings)
        let failure = await #expect(throws: CommandFailure.self) { try await start.run(sharesPorts: false) }
        #expect(failure?.sentence.hasPrefix("cannot listen on \(address) (\(field)): ") == true)
        #expect(failure?.status == .cannot)
        await start.service.stop()
        try await other.close()
    }

    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        /// What is wrong with the files.
        let damage: @Sendable (TemporaryFolder) throws -> Void
        /// The field, and what is said about it.
        let field: String
        let sentence: String
        var testDescription: String { name }
    }

    @Test(
        "a file that serve cannot do without is a problem of the field that names it",
        arguments: [
            Sample(
                name: "a certificate that is not one", damage: { try $0.write("server.crt", "x") },
                field: "server.certificate", sentence: "no certificate in PEM"),
            Sample(
                name: "the key of another certificate",
                damage: { folder in
                    let certificate = folder.read("server.crt")
                    try TestService.writeCertificate(folder)
                    try folder.write("server.crt", certificate)
                },
                field: "server.privateKey", sentence: "the private key does not belong to the certificate"),
            Sample(
                name: "keys that are not JSON", damage: { try $0.write("keys.json", "x") },
                field: "tenants[0].signingKeys.file", sentence: "keys.json: "),
            Sample(
                name: "keys that others may write", damage: { try $0.write("keys.json", "{}", mode: 0o666) },
                field: "tenants[0].signingKeys.file", sentence: "may change the file, so it is not trusted"),
        ])
    func unusableFile(_ sample: Sample) throws {
        try TemporaryFolder.with { folder in
            try TestService.writeFiles(TestService.Settings(), folder)
            try sample.damage(folder)
            let error = #expect(throws: ConfigurationError.self) {
                try ServiceStart(config: folder.path("config.yaml"), logLevel: nil, version: "1.2.3")
            }
            let problem = error?.problems.first
            #expect(problem?.field == sample.field)
            #expect(problem?.message.contains(sample.sentence) == true, "\(problem?.message ?? "")")
        }
    }

    @Test("a folder of the audit file that does not exist is a problem, and nothing is made")
    func auditFolder() throws {
        try TemporaryFolder.with { folder in
            var settings = TestService.Settings()
            settings.more = "logging: {audit: none/audit.jsonl}"
            let error = #expect(throws: ConfigurationError.self) { try Self.start(folder, settings) }
            #expect(error?.problems.map(\.field) == ["logging.audit"])
            #expect(folder.read("none/audit.jsonl") == "")
        }
    }

    @Test("a configuration that does not exist is named")
    func noConfiguration() {
        let error = #expect(throws: ConfigurationError.self) {
            try ServiceStart(config: "/no/such.yaml", logLevel: nil, version: "1.2.3")
        }
        #expect(error?.problems.first?.message.contains("there is no such file") == true)
    }
}
