import Addresses
import Configuration
import LineLogging
public import Logging
import OpenSSL
import Scheduling
import Terminal
import WebhookServer

/// Everything that `serve` prepares before it listens.
public struct ServiceStart {
    /// The service, which has not started.
    public let service: WebhookService
    private let sockets: ListeningSockets
    private let server: ServerSettings

    /// Reads the configuration and every file that it names, and takes over systemd's sockets.
    ///
    /// - Parameters:
    ///   - config: the path of the configuration.
    ///   - logLevel: from the command line; overrides the configuration.
    ///   - version: the program's version.
    /// - Throws: `ConfigurationError`, or `CommandFailure` if cryptography or a socket cannot be used.
    public init(config: String, logLevel: Logger.Level?, version: String) throws {
        let inherited = SystemdSockets.take()
        let fips = try ServiceStart.activateFIPS(config)
        let servable = try ServableConfiguration.load(config)
        let loaded = servable.loaded
        server = loaded.configuration.server
        guard (server.cryptography == .fips) == (fips != nil) else {
            throw CommandFailure("server.cryptography was changed while the configuration was read", hint: "try again")
        }
        try ServiceStart.checkThreads(eventLoops: server.eventLoops ?? AvailableCPUs.eventLoops)
        let audit = try loaded.configuration.logging.audit.map { path in
            guard let writer = LineWriter(appendingTo: path) else {
                throw ConfigurationError(problems: [AuditFile.refusal(loaded)])
            }
            return writer
        }
        do throws(SystemdSockets.Problem) {
            sockets = try inherited.assigned(listen: server.listen, operations: server.operations)
        } catch {
            throw CommandFailure(error.sentence, hint: error.hint)
        }
        service = WebhookService(
            servable, audit: audit, logLevel: logLevel, version: version, fips: fips)
    }

    /// Threads beside the event loops: the one for operations, those that write lines, and SwiftNIO's and Swift's own.
    private static let otherThreads = 16

    /// - Throws: `CommandFailure` if the system does not let this process have its threads. Without this check, it
    ///   would end without a word.
    private static func checkThreads(eventLoops: Int) throws(CommandFailure) {
        let wanted = eventLoops + otherThreads
        let startable = ThreadLimit.startable(wanted)
        guard startable < wanted else { return }
        throw CommandFailure(
            "the system lets this process start \(startable) more threads, and it needs \(wanted) for"
                + " server.eventLoops: \(eventLoops)",
            hint: "raise the limit (TasksMax= of the systemd unit, the pids limit of the container), or lower"
                + " server.eventLoops")
    }

    /// Listens.
    ///
    /// - Throws: `CommandFailure` if an address is unavailable.
    public func run(sharesPorts: Bool) async throws {
        do {
            try await service.start(on: sockets, sharesPorts: sharesPorts)
        } catch let failure as ListenFailure {
            let (address, field) =
                failure.isOperations ? (server.operations, "server.operations") : (server.listen, "server.listen")
            throw WebhookService.failure("cannot listen on \(address) (\(field)): ", failure.cause)
        } catch {
            throw WebhookService.failure("", error)
        }
    }

    /// Activates the FIPS provider if the configuration requires it. Called before anything has used another provider.
    private static func activateFIPS(_ config: String) throws(CommandFailure) -> FIPSProvider? {
        guard CryptographyRule.wanted(by: config) == .fips else { return nil }
        do throws(OpenSSLError) {
            return try FIPSProvider.activate()
        } catch {
            throw CommandFailure(
                "server.cryptography is fips, and \(error.description)",
                hint: "install and configure the provider (fips.so and `openssl fipsinstall`), or set default")
        }
    }
}
