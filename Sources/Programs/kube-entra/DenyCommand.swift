import AccessPolicy
import ArgumentParser
import CommandInput
import Configuration
import Entra
import Glibc
import Jansson
import Terminal
import Timestamps

/// `kube-entra deny`: edits the file of `deniedFile`.
struct DenyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deny",
        abstract: "Locks a person, an application or one token out at once, and shows who is.",
        discussion: """
            A running webhook whose tenant names the file as deniedFile follows within two seconds; it holds for \
            tokens that were accepted before, for admins and for emergency access alike. Every control-plane node has \
            a list of its own: run the command on each of them.
            """,
        subcommands: [Add.self, Remove.self, List.self])

    struct FileOption: ParsableArguments {
        @Option(
            help: .init("The webhook's configuration, whose deniedFile is the list.", valueName: "file"),
            completion: .file())
        var config: String?

        @Option(help: .init("The list itself, in place of --config.", valueName: "file"), completion: .file())
        var file: String?

        private var source: DenyListSource { DenyListSource(file: file, config: config) }

        func validate() throws { try checked { try source.check() } }

        /// Runs an operation on the list, and says on standard error where the list is in force.
        func use<Result>(_ work: (String) throws(DenyFileError) -> Result) throws -> Result {
            try use(work) { _ in [] }
        }

        /// - Parameters:
        ///   - tenantID: the tenant of a token; nil if it is not known.
        ///   - more: what else to say of the list.
        func use<Result>(
            of tenantID: GUID? = nil, _ work: (String) throws(DenyFileError) -> Result,
            more: (DenyListSource.Found) -> [String]
        ) throws -> Result {
            let list = try source.find(tenantID: tenantID)
            let result = try DenyFile.command(list.path, work)
            Console.notes([list.scope] + more(list))
            return result
        }
    }

    /// Who or what is denied.
    struct Target: ParsableArguments {
        @Option(help: .init("A user's or service principal's object ID.", valueName: "id")) var objectID: String?

        @Option(help: .init("The application that asks for tokens (appid, azp).", valueName: "id"))
        var clientAppID: String?

        @Option(help: .init("One token's uti.", valueName: "id")) var tokenID: String?

        @Argument(
            help: .init(
                "A token, for its object ID; - or nothing reads standard input, which keeps it out of the process list.",
                valueName: "token"))
        var token: String?

        @Option(help: .init("A file that holds a token, for its object ID.", valueName: "file"), completion: .file())
        var tokenFile: String?

        @Flag(help: "Of a token, its ID (uti) in place of its object ID.") var onlyThisToken = false

        var target: DenialTarget {
            DenialTarget(
                objectID: objectID, clientAppID: clientAppID, tokenID: tokenID,
                source: TokenSource(token: token, file: tokenFile), isOnlyToken: onlyThisToken)
        }

        func validate() throws {
            try checked { try target.check(hasTerminal: isatty(STDIN_FILENO) == 1) }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Takes every entry of an ID off the list.",
            discussion:
                "Exit status: 0 taken off; 1 there was no such entry; 2 the file cannot be used; 64 wrong usage.")

        @OptionGroup var file: FileOption
        @OptionGroup var target: Target
        @Option(help: .output) var output: OutputFormat = .text

        func run() throws {
            let (target, tenantID) = try target.target.read()
            let removed = try file.use(
                of: tenantID, { path throws(DenyFileError) in try DenyFile.remove(target, from: path) }
            ) {
                $0.ownEntries(of: target, at: .now())
            }
            let lines = removed.isEmpty ? ["there is no such entry"] : removed.map { "removed: " + $0.line(at: .now()) }
            Console.print(
                as: output, lines: lines,
                json: .object([("removed", .array(removed.map { DenyFile.json($0) }))]))
            if removed.isEmpty { throw ExitCode.no }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Shows who is locked out.",
            discussion: "Exit status: 0 shown, also when nobody is; 2 the file cannot be used; 64 wrong usage.")

        @OptionGroup var file: FileOption
        @Option(help: .output) var output: OutputFormat = .text

        func run() throws {
            let entries = try file.use({ path throws(DenyFileError) in try DenyFile.read(path, waits: true) }) {
                $0.ownEntries(at: .now())
            }
            let lines = entries.isEmpty ? ["nobody is denied"] : entries.map { $0.line(at: .now()) }
            Console.print(as: output, lines: lines, json: DenyFile.json(entries))
        }
    }
}
