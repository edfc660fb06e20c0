internal import AccessPolicy
internal import ArgumentParser
internal import Configuration
internal import Entra
internal import Glibc
internal import Inspection
internal import Jansson
internal import SafeText
internal import Terminal
internal import Timestamps

/// `kube-entra deny`: edits the file of `deniedFile`.
struct DenyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deny",
        abstract: "Locks a person, an application or one token out at once, and shows who is.",
        discussion: """
            A running webhook whose tenant names the file as deniedFile follows within two seconds; it holds for \
            tokens that were accepted before, for admins and for emergency access alike.
            """,
        subcommands: [Add.self, Remove.self, List.self])

    struct FileOption: ParsableArguments {
        @Option(help: .init("The file of deniedFile.", valueName: "file"), completion: .file()) var file: String
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

        func validate() throws {
            let ids = [objectID, clientAppID, tokenID].count { $0 != nil }
            let tokens = [token, tokenFile].count { $0 != nil }
            guard ids + tokens <= 1 else {
                throw ValidationError("give one of --object-id, --client-app-id, --token-id and a token")
            }
            if let objectID, GUID(lenient: objectID) == nil {
                throw ValidationError("--object-id must be an object ID (a GUID)")
            }
            if let clientAppID, GUID(lenient: clientAppID) == nil {
                throw ValidationError("--client-app-id must be an application ID (a GUID)")
            }
            if let tokenID, tokenID.isEmpty { throw ValidationError("--token-id must not be empty") }
            guard ids == 0 || !onlyThisToken else { throw ValidationError("--only-this-token is for a token") }
            try TokenArguments.refuseFile(token)
            if ids + tokens == 0, isatty(STDIN_FILENO) == 1 {
                throw ValidationError(
                    "give one of --object-id, --client-app-id and --token-id, or a token on standard input or with"
                        + " --token-file")
            }
        }

        /// The denied target; throws if a token cannot be read.
        func read() throws -> DeniedEntry.Target {
            if let id = objectID.flatMap({ GUID(lenient: $0) }) { return .objectID(id) }
            if let id = clientAppID.flatMap({ GUID(lenient: $0) }) { return .clientAppID(id) }
            if let tokenID { return .tokenID(ExactText(tokenID)) }
            let input = TokenInput(try TokenArguments.read(token: token, tokenFile: tokenFile))
            return try input.deniedTarget(onlyThisToken: onlyThisToken)
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
            let target = try target.read()
            let path = file.file
            let edit = try DenyCommand.using(path) { () throws(DenyFileError) in
                try DenyFile.remove(target, from: path)
            }
            guard case .removed(let entries) = edit else { return }
            switch output {
            case .json: Console.print(.object([("removed", .array(entries.map { DenyFile.json($0) }))]))
            case .text:
                for entry in entries { Console.print("removed: " + entry.line(at: .now())) }
                if entries.isEmpty { Console.print("there is no such entry") }
            }
            if entries.isEmpty { throw ExitCode.no }
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
            let path = file.file
            let entries = try DenyCommand.using(path) { () throws(DenyFileError) in try DenyFile.read(path) }
            switch output {
            case .json: Console.print(DenyFile.json(entries))
            case .text:
                let now = Timestamp.now()
                if entries.isEmpty { Console.print("nobody is denied") }
                for entry in entries { Console.print(entry.line(at: now)) }
            }
        }
    }

    /// Throws a failure with the file's name if the file cannot be used.
    static func using<Result>(_ path: String, _ body: () throws(DenyFileError) -> Result) throws -> Result {
        do throws(DenyFileError) {
            return try body()
        } catch {
            throw CommandFailure("\(path): \(error.sentence)")
        }
    }
}
