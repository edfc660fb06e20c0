public import ArgumentParser
internal import Configuration
public import EntraTokens
internal import Files

/// `kube-entra config`: prepares and checks configuration files.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Writes and checks configuration files.",
        subcommands: [Check.self, Init.self, ImportAKSCommand.self])

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "init", abstract: "Writes a complete, commented starting configuration.")

        @Option(name: .customLong("tenant-id"), help: "The tenant's ID.")
        var tenantID: String

        @Option(name: .long, help: "The server application's ID. Repeatable.")
        var audience: [String]

        @Option(name: .customLong("admin-group"), help: "Object ID of a group whose members are admins. Repeatable.")
        var adminGroup: [String] = []

        @Option(name: .long, help: "public, usGovernment or china.")
        var cloud: Cloud = .public

        @Option(name: .long, help: "The folder of the certificates, as seen from the configuration file.")
        var certs: String = "certs"

        @Option(name: .long, help: "Where to write; standard output without it.")
        var out: String?

        @Flag(name: .long, help: "Overwrite a file that is there.")
        var force = false

        func validate() throws {
            guard GUID(tenantID) != nil else { throw ValidationError("--tenant-id must be a tenant's ID (a GUID)") }
            guard !audience.isEmpty else { throw ValidationError("--audience is missing: the server application's ID") }
            for group in adminGroup where GUID(group) == nil {
                throw ValidationError("--admin-group must be a group's object ID (a GUID), not a name")
            }
        }

        func run() throws {
            guard let tenantID = GUID(tenantID) else { throw ExitCode.cannot }
            let text = ConfigurationTemplate(
                tenantID: tenantID,
                audiences: audience,
                adminGroups: adminGroup.compactMap { GUID($0) },
                cloud: cloud,
                certificates: certs
            ).render()
            guard let out else {
                _ = FileBytes.writeAll(Array(text.utf8), to: 1)
                return
            }
            do throws(FileError) {
                try FileBytes.write(Array(text.utf8), to: out, mode: 0o644, replacing: force)
            } catch {
                throw cannot("\(out): \(error.sentence)\(error == .exists ? "; --force replaces it" : "")")
            }
            Console.note("wrote \(out)")
        }
    }
}

extension Cloud: ExpressibleByArgument {}
