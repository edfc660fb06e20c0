import ArgumentParser
import Configuration
import Logging
import UnixSignals
import WebhookService

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
    @Option(help: .init("Overrides logging.level.", valueName: "level")) var logLevel: Logger.Level?

    @Flag(
        help: .init(
            "Let another serve of the same user listen on the same addresses, so that it can take over.",
            discussion: "Both need it (SO_REUSEPORT). Not needed with a systemd socket unit."))
    var sharePorts = false

    func run() async throws {
        let start = try ServiceStart(config: config, logLevel: logLevel, version: Version.current)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        try await start.run(sharesPorts: sharePorts)
        let service = start.service
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
