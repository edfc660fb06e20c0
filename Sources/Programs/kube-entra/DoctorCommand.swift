import ArgumentParser
import Certificates
import Configuration
import Doctor
import EntraTokens
import Glibc
import Terminal
import Timestamps
import WebhookService

/// `kube-entra doctor`: for the person in front of kubectl who gets "Unauthorized".
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Signs in as kubectl would, and names the first thing that is wrong.",
        discussion: """
            Reads the kubeconfig as kubectl does, reaches the API server, compares the clocks, runs the exec plugin, \
            explains the token and asks the API server whom it sees. It changes nothing (the plugin may remember a \
            sign-in, as it does for kubectl) and shows no token.

            With --config and --keys it also says what the webhook thinks of the token, and with directory.watch in the \
            configuration, what Microsoft Graph says of the account since the token was issued.

            Exit status: 0 it works; 1 it does not, and the first problem says why; 2 it could not be found out.
            """)

    @Option(help: .kubeconfig, completion: .file()) var kubeconfig: String?
    @Option(help: .context) var context: String?
    @Option(help: .config, completion: .file()) var config: String?
    @Option(help: .keys, completion: .file()) var keys: String?
    @Option(help: .init("How long the plugin may take.", valueName: "seconds")) var pluginTimeout = 300
    @Option(help: .init("How long the API server may take.", valueName: "seconds")) var timeout = 15
    @Option(help: .output) var output: OutputFormat = .text

    func validate() throws {
        for (name, value) in [("--plugin-timeout", pluginTimeout), ("--timeout", timeout)]
        where !(1...86_400).contains(value) {
            throw ValidationError("\(name) must be from 1 to 86400 seconds")
        }
    }

    func run() throws {
        let configuration = try config.map { try DenyFiles.load(path: $0).configuration }
        if let keys { _ = try PEMFile.read(keys) }
        var doctor = Doctor(
            SignInAttempt(
                kubeconfig: kubeconfig, contextName: context, hasTerminal: isatty(STDIN_FILENO) == 1,
                pluginTimeout: .seconds(pluginTimeout), timeout: .seconds(timeout)),
            configuration: configuration, keyFile: keys,
            askDirectory: configuration.map { configuration in
                { DirectoryFactory.probe($0, configuration) }
            })
        try doctor.examine()
        Console.print(as: output, text: doctor.report.text(on: Console.page), json: doctor.report.json)
        guard doctor.report.problem != nil else { return }
        throw doctor.report.couldNotCheck ? ExitCode.cannot : ExitCode.no
    }
}
