import ArgumentParser
import Configuration
import CredentialPlugin
import Jansson
import Terminal
import Timestamps

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

        @Argument(help: .config, completion: .file()) var file: String
        @OptionGroup var destination: OutputArguments

        func run() throws {
            let hints = TokenHints(try ConfigurationLoader.load(path: file), writtenAt: .now())
            guard destination.out != nil else {
                Console.print(hints.json)
                return
            }
            try destination.write(hints.json.text(pretty: true) + "\n")
        }
    }
}
