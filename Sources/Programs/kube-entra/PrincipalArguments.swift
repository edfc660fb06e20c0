internal import ArgumentParser
internal import Configuration
internal import Entra
internal import Files
internal import Inspection
internal import Jansson
internal import PolicyChecks
internal import Terminal
internal import Timestamps
internal import WebhookService

/// The principal of a question: a token, claims, or options.
struct PrincipalArguments: ParsableArguments {
    @Argument(
        help: .init(
            "The token; - or nothing reads standard input, which keeps it out of the process list.", valueName: "token")
    )
    var token: String?

    @Option(help: .init("A file that holds the token.", valueName: "file"), completion: .file()) var tokenFile: String?

    /// The argument as a named option.
    @Option(name: .customLong("token"), help: .hidden) var tokenOption: String?

    @Option(help: .init("A JWK set, or what `keys fetch` wrote. Repeatable.", valueName: "file"), completion: .file())
    var keys: [String] = []

    @Option(help: .init("JSON claims, taken as those of a verified token.", valueName: "file"), completion: .file())
    var claims: String?

    @Option(help: .init("A group's object ID. Repeatable.", valueName: "id")) var group: [String] = []
    @Option(help: .init("An app role. Repeatable.", valueName: "value")) var role: [String] = []
    @Option(help: .init("The user principal name.", valueName: "name")) var user: String?
    @Option(help: .init("The principal's object ID.", valueName: "id")) var objectID: String?
    @Option(help: .init("The principal's tenant.", valueName: "id")) var tenantID: String?
    @Flag(help: "The principal is an application.") var app = false
    @Option(help: .decisionTime) var at: String?
    @Flag(help: "Ask Microsoft Graph for groups that the token cannot list.") var online = false

    private var describesPrincipal: Bool {
        !group.isEmpty || !role.isEmpty || user != nil || objectID != nil || tenantID != nil || app
    }

    /// Whether the token comes from standard input.
    var readsStandardInput: Bool {
        claims == nil && !describesPrincipal && tokenFile == nil && [nil, "-"].contains(token ?? tokenOption)
    }

    mutating func validate() throws {
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
        for (option, value) in [("--user", user), ("--object-id", objectID)] + role.map({ ("--role", $0) }) {
            guard value != "" else { throw ValidationError("\(option) must not be empty") }
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

    /// The time of the check.
    var now: Timestamp { at.flatMap { Timestamp(rfc3339: $0) } ?? .now() }

    /// The token to check.
    func readToken() throws -> [UInt8] {
        TokenInput(try TokenArguments.read(token: token ?? tokenOption, tokenFile: tokenFile)).token
    }

    /// The principal's access.
    func answer(_ configuration: WebhookConfiguration, _ checker: PolicyChecker) throws -> PolicyAnswer {
        if let question = try question() { return checker.answer(question, now: now) }
        let keys = try OfflineKeys.snapshot(keys, for: configuration)
        let token = try readToken()
        guard let principal = checker.principalToResolve(token: token, keys: keys, now: now) else {
            return checker.answer(token: token, keys: keys, now: now)
        }
        guard online else {
            Console.note("the webhook would ask Microsoft Graph for the groups; --online does so here")
            return checker.answer(token: token, keys: keys, now: now)
        }
        let groups = try DirectoryFactory.ask(principal, configuration)
        return checker.answer(token: token, keys: keys, now: now, resolvedGroups: groups)
    }

    /// Nil if a token is to be read.
    func question() throws -> PolicyQuestion? {
        if let claims { return .claims(try ClaimsFile.read(claims), resolvedGroups: nil) }
        guard describesPrincipal else { return nil }
        return .principal(
            HypotheticalPrincipal(
                tenantID: tenantID.flatMap { GUID(lenient: $0) },
                objectID: objectID.flatMap { GUID(lenient: $0) },
                user: user,
                kind: app ? .app : .user,
                groups: group.compactMap { GUID(lenient: $0) },
                roles: role
            ))
    }
}
