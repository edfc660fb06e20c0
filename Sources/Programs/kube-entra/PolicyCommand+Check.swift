internal import ArgumentParser
internal import Configuration
internal import EntraTokens
internal import Files
internal import Inspection
internal import Jansson
internal import PolicyChecks
internal import Terminal
internal import Timestamps
internal import WebhookService

extension PolicyCommand {
    /// `kube-entra policy check`: what a token, claims or groups become.
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

        @Argument(
            help: ArgumentHelp(
                "The token; - or nothing reads standard input, which keeps it out of the process list.",
                valueName: "token"))
        var token: String?

        @Option(name: .long, help: ArgumentHelp("The webhook's configuration.", valueName: "file"), completion: .file())
        var config: String

        @Option(name: .long, help: ArgumentHelp("A file that holds the token.", valueName: "file"), completion: .file())
        var tokenFile: String?

        /// The argument under a name, for those who write it down beside the other options.
        @Option(name: .customLong("token"), help: .hidden)
        var tokenOption: String?

        @Option(
            name: .long,
            help: ArgumentHelp("A JWK set, or what `keys fetch` wrote. Repeatable.", valueName: "file"),
            completion: .file())
        var keys: [String] = []

        @Option(
            name: .long,
            help: ArgumentHelp("JSON claims, taken as those of a verified token.", valueName: "file"),
            completion: .file())
        var claims: String?

        @Option(name: .long, help: ArgumentHelp("A group's object ID. Repeatable.", valueName: "id"))
        var group: [String] = []

        @Option(name: .long, help: ArgumentHelp("An app role. Repeatable.", valueName: "value"))
        var role: [String] = []

        @Option(name: .long, help: ArgumentHelp("The user principal name.", valueName: "name"))
        var user: String?

        @Option(name: .customLong("object-id"), help: ArgumentHelp("The principal's object ID.", valueName: "id"))
        var objectID: String?

        @Option(name: .customLong("tenant-id"), help: ArgumentHelp("The principal's tenant.", valueName: "id"))
        var tenantID: String?

        @Flag(name: .long, help: "The principal is an application.")
        var app = false

        @Option(name: .long, help: ArgumentHelp("Judge as of that time (RFC 3339); default: now.", valueName: "time"))
        var at: String?

        @Flag(name: .long, help: "Ask Microsoft Graph for groups that the token cannot list.")
        var online = false

        @Flag(name: .long, help: "Who is admitted but is no admin is a no as well.")
        var requireAdmin = false

        @Flag(name: .long, help: "Print a test suite that expects what is true now, instead of the answer.")
        var asTest = false

        @Option(name: .long, help: "How the result is written.")
        var output: OutputFormat = .text

        private var describesPrincipal: Bool {
            !group.isEmpty || !role.isEmpty || user != nil || objectID != nil || tenantID != nil || app
        }

        func validate() throws {
            let tokens = [token, tokenOption, tokenFile].count { $0 != nil }
            let ways = [tokens > 0, claims != nil, describesPrincipal].count { $0 }
            guard ways <= 1 else {
                throw ValidationError("give one of: a token; --claims; --group, --user and the like")
            }
            guard tokens <= 1 else { throw ValidationError("give the token once") }
            guard keys.isEmpty || (claims == nil && !describesPrincipal) else {
                throw ValidationError("--keys is for a token; claims and groups need no keys")
            }
            guard !online || (claims == nil && !describesPrincipal) else {
                throw ValidationError("--online is for a token")
            }
            for id in group where GUID(lenient: id) == nil {
                throw ValidationError("--group must be a group's object ID (a GUID), not a name")
            }
            if let objectID, GUID(lenient: objectID) == nil {
                throw ValidationError("--object-id must be an object ID (a GUID)")
            }
            if let tenantID, GUID(lenient: tenantID) == nil {
                throw ValidationError("--tenant-id must be a tenant's ID (a GUID)")
            }
            if let at, Timestamp(rfc3339: at) == nil {
                throw ValidationError("--at must be a date and time with a zone, for example 2026-12-01T00:00:00Z")
            }
        }

        func run() throws {
            let configuration = try ConfigurationLoader.load(path: config).configuration
            let checker = PolicyChecker(configuration.authentication)
            let now = at.flatMap { Timestamp(rfc3339: $0) } ?? .now()
            if let question = try question() {
                if asTest {
                    Console.print(PolicySuiteDraft.render(question, checker: checker, now: now))
                    return
                }
                try finish(checker.answer(question, now: now))
            } else {
                let keys = try OfflineKeys.snapshot(keys, for: configuration)
                let token = TokenInput(try TokenArguments.read(token: token ?? tokenOption, tokenFile: tokenFile)).token
                if asTest {
                    guard let suite = PolicySuiteDraft.render(token: token, keys: keys, checker: checker, now: now)
                    else { throw CommandFailure("the token's signature is not right, so its claims make no test") }
                    Console.print(suite)
                    return
                }
                guard let principal = checker.principalToResolve(token: token, keys: keys, now: now) else {
                    return try finish(checker.answer(token: token, keys: keys, now: now))
                }
                guard online else {
                    Console.note("the webhook would ask Microsoft Graph for the groups; --online does so here")
                    return try finish(checker.answer(token: token, keys: keys, now: now))
                }
                let groups = try DirectoryPlans.ask(principal, configuration)
                try finish(checker.answer(token: token, keys: keys, now: now, resolvedGroups: groups))
            }
        }

        /// Nil when a token is to be read.
        private func question() throws -> PolicyQuestion? {
            if let claims { return .claims(try ClaimsFile.read(claims), resolvedGroups: nil) }
            guard describesPrincipal else { return nil }
            return .principal(
                GivenPrincipal(
                    tenantID: tenantID.flatMap { GUID(lenient: $0) },
                    objectID: objectID.flatMap { GUID(lenient: $0) },
                    user: user,
                    kind: app ? .app : .user,
                    groups: group.compactMap { GUID(lenient: $0) },
                    roles: role
                ))
        }

        private func finish(_ answer: PolicyAnswer) throws {
            switch output {
            case .text: Console.print(answer.text)
            case .json: Console.print(answer.json)
            }
            guard answer.isAdmitted, answer.isAdmin || !requireAdmin else { throw ExitCode.no }
        }
    }
}

/// Files with the claims of one principal.
enum ClaimsFile {
    static func read(_ path: String) throws -> JSONDocument {
        let bytes: [UInt8]
        do { bytes = try FileBytes.read(path) } catch { throw CommandFailure("\(path): \(error.sentence)") }
        do {
            let document = try JSONDocument(parsing: bytes)
            guard document.root.kind == .object else { throw CommandFailure("\(path): claims must be a JSON object") }
            return document
        } catch let error as JSONError {
            throw CommandFailure("\(path): \(error.sentence)")
        }
    }
}
