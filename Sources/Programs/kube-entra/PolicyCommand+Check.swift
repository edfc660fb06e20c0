import ArgumentParser
import CommandInput
import Configuration
import PolicyChecks
import Terminal

extension PolicyCommand {
    /// `kube-entra policy check`: the access of a token, of claims or of groups.
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "What would this token, these claims or these groups become, and are they admin?",
            discussion: """
                Give a token (on standard input or with --token-file, and --keys), or --claims, or any of --group, \
                --user, --object-id, --role and --app. Nothing is asked of anybody, except with --online: then \
                Microsoft Graph gives the groups of a token that cannot list them (groupOverage: resolve).

                  kube-entra policy check --config kube-entra.yaml \\
                    --group 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed

                Exit status: 0 admitted, and with --require-admin admin as well; 1 not; 2 could not check.
                """
        )

        @Option(help: .config, completion: .file()) var config: String
        @OptionGroup var principal: PrincipalArguments
        @Flag(help: "Exit status 1 also for somebody who is admitted, but is not an admin.") var requireAdmin = false
        @Flag(help: "Print a test suite that expects what is true now, instead of the answer.") var asTest = false
        @Option(help: .output) var output: OutputFormat = .text

        func run() throws {
            if asTest {
                let (loaded, notes) = try DenyFiles.loadKnown(path: config)
                Console.notes(notes, isNamed: true)
                return Console.print(try principal.request.suite(loaded.configuration))
            }
            let configuration = try DenyFiles.load(path: config).configuration
            let answer = try principal.answer(configuration)
            let (names, notes) = DirectoryNames.ofPeople(configuration)
            Console.notes(notes + (answer.remark.map { [$0] } ?? []), isNamed: true)
            Console.print(as: output, text: answer.text(names), json: answer.json)
            guard answer.isAdmitted, answer.isAdmin || !requireAdmin else { throw ExitCode.no }
        }
    }
}
