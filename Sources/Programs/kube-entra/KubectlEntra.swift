internal import AccessPolicy
internal import ArgumentParser
internal import Doctor
internal import Glibc
internal import Kubeconfigs
internal import Terminal

/// The program under the name `kubectl-entra`, which kubectl runs for `kubectl entra`.
struct KubectlEntra: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kubectl entra",
        abstract: "Says why a sign-in fails, who you are to the cluster, and what you can do.",
        version: Version.current,
        subcommands: [Why.self, WhoAmI.self, CanI.self])

    /// Whether this process was started under that name.
    static var isMeant: Bool {
        let name = CommandLine.arguments.first?.split(separator: "/").last ?? ""
        return name == "kubectl-entra" || name == "kubectl_entra"
    }

    /// Nil if the first word is one of the three commands, or asks for help.
    static func wrongUsage(_ arguments: [String]) -> String? {
        let known = configuration.subcommands.compactMap { $0.configuration.commandName }
        if let first = arguments.first, known.contains(first) || ["help", "--help", "-h", "--version"].contains(first) {
            return nil
        }
        return "use one of: \(known.map { "kubectl entra \($0)" }.joined(separator: ", "))"
    }

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

        /// The API server's view and the token's; throws with status 2 if nothing could be found out.
        func compare() throws -> CallerComparison {
            var doctor = Doctor(
                kubeconfig: kubeconfig, contextName: context, configuration: nil, keyFile: nil,
                pluginTimeout: .seconds(300), timeout: .seconds(15), hasTerminal: isatty(STDIN_FILENO) == 1)
            if let comparison = try doctor.compareCaller() { return comparison }
            let problem = doctor.report.problem
            throw CommandFailure(
                problem?.detail ?? "the kubeconfig's user has neither a token nor a certificate", hint: problem?.hint)
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
            switch output {
            case .json: Console.print(comparison.json)
            case .text: Console.print(comparison.text(on: Console.page))
            }
            if !comparison.isSame { throw ExitCode.no }
        }
    }

    /// `kubectl entra can-i`: the command that lists the caller's permissions.
    struct CanI: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "can-i",
            abstract: "Prints the `kubectl auth can-i --list` line for what the API server says you are.",
            discussion: "Exit status: 0 printed; 1 Unauthorized; 2 no connection.")

        @OptionGroup var place: Place

        func run() throws {
            guard let user = try place.compare().apiServer else {
                Console.note("kube-entra: the API server refuses the caller (401 Unauthorized)\n→ kubectl entra why")
                throw ExitCode.no
            }
            guard let line = KubectlCommand.canI(username: user.username, groups: user.groups) else {
                throw CommandFailure("the user's name or a group cannot stand on one line")
            }
            Console.print(line)
        }
    }
}
