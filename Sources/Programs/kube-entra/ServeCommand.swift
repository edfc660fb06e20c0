internal import Addresses
public import ArgumentParser
public import Configuration
internal import LineLogging
internal import Logging
internal import OpenSSL
internal import Terminal
internal import UnixSignals
internal import WebhookServer
internal import WebhookService

/// `kube-entra serve`: the webhook.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answers kube-apiserver's token reviews.",
        discussion: """
            SIGHUP reads configuration, certificates and key files again; changed files are noticed within seconds \
            anyway. SIGTERM ends the webhook after it has answered what it was asked; a second one ends it at once.

            Exit status: 0 ended by a signal; 2 the configuration, a file or an address cannot be used.
            """
    )

    @Option(help: .init("The configuration file.", valueName: "file"), completion: .file()) var config: String
    @Option(help: .init("Overrides logging.level.", valueName: "level")) var logLevel: Configuration.LogLevel?

    @Flag(
        help: .init(
            "Let another serve of the same user listen on the same addresses, so that it can take over.",
            discussion: "Both need it (SO_REUSEPORT). Not needed with a systemd socket unit."))
    var sharePorts = false

    /// The FIPS provider, when the configuration asks for it: before anything has used another one.
    private func activateFIPS() throws -> FIPSProvider? {
        guard CryptographyRule.wanted(by: config) == .fips else { return nil }
        do throws(OpenSSLError) {
            return try FIPSProvider.activate()
        } catch {
            throw CommandFailure(
                "server.cryptography is fips, and \(error.description)",
                hint: "install and configure the provider (fips.so and `openssl fipsinstall`), or set default")
        }
    }

    func run() async throws {
        let inherited = SystemdSockets.take()
        let fips = try activateFIPS()
        let configuration = try ServableConfiguration.load(config)
        let loaded = configuration.loaded
        guard (loaded.configuration.server.cryptography == .fips) == (fips != nil) else {
            throw CommandFailure("server.cryptography was changed while the configuration was read", hint: "try again")
        }
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let audit = try loaded.configuration.logging.audit.map { path in
            guard let writer = LineWriter(appendingTo: path) else {
                throw ConfigurationError(problems: [AuditFile.refusal(loaded)])
            }
            return writer
        }
        let server = loaded.configuration.server
        let sockets: ListeningSockets
        do throws(SystemdSockets.Problem) {
            sockets = try inherited.assigned(
                listen: .init(host: server.listen.host, port: server.listen.port),
                operations: .init(host: server.operations.host, port: server.operations.port))
        } catch {
            throw CommandFailure(error.sentence)
        }
        let service = WebhookService(
            loaded: loaded, identity: configuration.identity, denyFiles: configuration.denyFiles, audit: audit,
            logLevel: logLevel,
            version: Version.current, fips: fips)
        do {
            try await service.start(on: sockets, sharesPorts: sharePorts)
        } catch let failure as ListenFailure {
            let (address, field) =
                failure.isOperations ? (server.operations, "server.operations") : (server.listen, "server.listen")
            throw CommandFailure("cannot listen on \(address) (\(field)): \(WebhookService.sentence(failure.cause))")
        } catch {
            throw CommandFailure(WebhookService.sentence(error))
        }
        var stopping: ContinuousClock.Instant?
        for await signal in signals {
            if signal == .sighup {
                service.reloadNow()
            } else if let stopping {
                // `timeout` and shells send a signal to a process and its group at once; that counts only once.
                if ContinuousClock.now - stopping >= .seconds(1) { service.endNow() }
            } else {
                stopping = .now
                Task {
                    await service.stop()
                    WebhookService.leave(0)
                }
            }
        }
    }
}

extension Configuration.LogLevel: ExpressibleByArgument {}
