import ArgumentParser
import CommandInput
import Configuration
import Entra

/// `kube-entra config`: prepares and checks configuration files.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Writes and checks configuration files.",
        subcommands: [Check.self, Init.self, ImportAKSCommand.self, Hints.self, Schema.self])

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init", abstract: "Writes a complete, commented starting configuration.",
            discussion: """
                deploy/entra of the project says where Entra shows the three IDs.

                  kube-entra config init --tenant-id 11111111-2222-3333-4444-555555555555 \\
                    --audience aaaaaaaa-0000-0000-0000-000000000000 \\
                    --admin-group 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed --out kube-entra.yaml
                """)

        @Option(help: .tenantID) var tenantID: String
        @Option(help: .audience) var audience: [String]
        @Option(help: .adminGroup) var adminGroup: [String] = []
        @Option(help: .cloud) var cloud: Cloud = .public

        @Option(
            help: .init("The folder of the certificates, as seen from the configuration file.", valueName: "folder"),
            completion: .directory)
        var certs: String?

        @Option(
            name: .customLong("for"),
            help: .init(
                "Where it will run: settings for production. Without it, for trying out.", valueName: "deployment"))
        var deployment: ConfigurationTemplate.Deployment?

        @OptionGroup var destination: OutputArguments

        func validate() throws {
            try checked { try IDArgument.read(tenantID, .tenant, option: "--tenant-id") }
            guard !audience.isEmpty, !audience.contains("") else {
                throw ValidationError("--audience is missing: the server application's ID")
            }
            for case let problem? in audience.map({ AudienceProblem($0) }) {
                throw ValidationError(problem.sentence(option: "--audience"))
            }
            try checked { try IDArgument.read(adminGroup, .group, option: "--admin-group") }
        }

        func run() throws {
            guard let tenantID = GUID(lenient: tenantID) else { throw ExitCode.cannot }
            var template = ConfigurationTemplate(
                tenantID: tenantID, audiences: audience, adminGroups: adminGroup.compactMap { GUID(lenient: $0) },
                cloud: cloud, certificates: certs)
            template.deployment = deployment
            try destination.write(template.render())
        }
    }
}
