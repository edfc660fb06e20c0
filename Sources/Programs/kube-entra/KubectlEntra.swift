import ArgumentParser
import Doctor
import Kubeconfigs
import SafeText
import Terminal

/// The program under the name `kubectl-entra`, which kubectl runs for `kubectl entra`.
struct KubectlEntra: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubectl entra",
        abstract: "Says why a sign-in fails, who you are to the cluster, and what you can do.",
        version: Version.current,
        subcommands: [Why.self, WhoAmI.self, CanI.self])

    /// `kubectl entra why`: the same as `kube-entra doctor`.
    struct Why: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "why", abstract: "Signs in as kubectl would, and names the first thing that is wrong.")

        @OptionGroup var doctor: DoctorCommand

        func run() throws { try doctor.run() }
    }

    /// The kubeconfig and context of the other two commands.
    struct Place: ParsableArguments {
        @Option(help: .kubeconfig, completion: .file()) var kubeconfig: String?
        @Option(help: .context) var context: String?

        func compare() throws -> CallerComparison {
            try CallerComparison.find(kubeconfig: kubeconfig, context: context)
        }
    }

    /// `kubectl entra whoami`: who the caller is for the API server and for the token.
    struct WhoAmI: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "whoami",
            abstract: "Shows whom the API server sees beside whom the token says you are.",
            discussion: "Exit status: 0 the same; 1 not the same, or Unauthorized; 2 no connection.")

        @OptionGroup var place: Place
        @Option(help: .output) var output: OutputFormat = .text

        func run() throws {
            let comparison = try place.compare()
            Console.print(as: output, text: comparison.text(on: Console.page), json: comparison.json)
            if let hint = comparison.hint { Console.note("→ \(hint)") }
            if !comparison.isSame { throw ExitCode.no }
        }
    }

    /// `kubectl entra can-i`: the command that lists the caller's permissions.
    struct CanI: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "can-i",
            abstract: "Prints the `kubectl auth can-i --list` line for what the API server says you are.",
            discussion: """
                The line is for an administrator, who may impersonate. Your own permissions are listed by \
                `kubectl auth can-i --list`.

                Exit status: 0 printed; 1 Unauthorized; 2 no connection.
                """)

        @OptionGroup var place: Place
        @Argument(help: .hidden) var question: [String] = []

        func validate() throws {
            guard question.isEmpty else {
                throw ValidationError(
                    "can-i takes no question; kubectl answers one: kubectl auth can-i "
                        + question.map(ShellWord.quoted).joined(separator: " "))
            }
        }

        func run() throws {
            let line = try place.compare().canIListLine()
            Console.note("for an administrator, who may impersonate; you yourself: kubectl auth can-i --list")
            Console.print([line])
        }
    }
}
