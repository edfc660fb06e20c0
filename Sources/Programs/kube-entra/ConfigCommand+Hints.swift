internal import ArgumentParser
internal import Configuration
internal import CredentialPlugin
internal import Files
internal import Jansson
internal import Terminal
internal import Timestamps

extension ConfigCommand {
    /// `kube-entra config hints`: the public part of a configuration.
    struct Hints: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "hints",
            abstract: "Prints what a client may know to explain a token: no groups, no secrets.",
            discussion: """
                The result is for `kube-entra credential --hints` on people's own computers. It names tenants, \
                audiences and allowed clients, and no group, role, required claim, person, file or secret.
                """)

        @Argument(help: ArgumentHelp("The webhook's configuration.", valueName: "file"), completion: .file())
        var file: String

        @Option(
            name: .long, help: ArgumentHelp("Where to write; standard output without it.", valueName: "file"),
            completion: .file())
        var out: String?

        @Flag(name: .long, help: "Overwrite a file that is there.")
        var force = false

        func run() throws {
            let hints = TokenHints(try ConfigurationLoader.load(path: file), writtenAt: .now())
            guard let out else {
                Console.print(hints.json)
                return
            }
            do throws(FileError) {
                try FileIO.write(hints.json.render(pretty: true) + [10], to: out, mode: 0o644, replacing: force)
            } catch {
                throw CommandFailure("\(out): \(error.sentence)\(error == .exists ? "; --force replaces it" : "")")
            }
            Console.note("wrote \(out)")
        }
    }
}
