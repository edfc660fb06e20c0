public import Configuration
public import Entra
import Inspection
public import PolicyChecks
public import Terminal
import Timestamps

/// The principal of `policy check` and `rbac explain`: a token, claims, or a description.
public struct PrincipalRequest: Sendable {
    /// A token and its source; standard input if nothing else is set.
    public var source: TokenSource
    /// The token a second time, as the named option `--token`.
    public var tokenOption: String?
    /// Files with keys for the token.
    public var keys: [String]
    /// A file with claims.
    public var claims: String?
    /// The description of a principal, if any part of it is set.
    public var description: Description
    /// The time of the check, RFC 3339; nil for now.
    public var at: String?
    /// Whether Microsoft Graph may be asked for groups.
    public var isOnline: Bool

    /// A principal as the options describe it.
    public struct Description: Sendable {
        var tenantID: String?
        var objectID: String?
        var user: String?
        var groups: [String]
        var roles: [String]
        var isApp: Bool

        public init(
            tenantID: String?, objectID: String?, user: String?, groups: [String], roles: [String], isApp: Bool
        ) {
            self.tenantID = tenantID
            self.objectID = objectID
            self.user = user
            self.groups = groups
            self.roles = roles
            self.isApp = isApp
        }

        var isSet: Bool {
            !groups.isEmpty || !roles.isEmpty || user != nil || objectID != nil || tenantID != nil || isApp
        }

        func check() throws(UsageProblem) {
            for (option, value) in [("--user", user), ("--object-id", objectID)] + roles.map({ ("--role", $0) }) {
                guard value != "" else { throw UsageProblem("\(option) must not be empty") }
            }
            try IDArgument.read(groups, .group, option: "--group")
            try IDArgument.read(objectID, .object, option: "--object-id")
            try IDArgument.read(tenantID, .tenant, option: "--tenant-id")
        }

        var principal: HypotheticalPrincipal {
            HypotheticalPrincipal(
                tenantID: tenantID.flatMap { GUID(lenient: $0) }, objectID: objectID.flatMap { GUID(lenient: $0) },
                user: user, kind: isApp ? .app : .user, groups: groups.compactMap { GUID(lenient: $0) }, roles: roles)
        }
    }

    public init(
        source: TokenSource, tokenOption: String?, keys: [String], claims: String?, description: Description,
        at: String?, isOnline: Bool
    ) {
        self.source = source
        self.tokenOption = tokenOption
        self.keys = keys
        self.claims = claims
        self.description = description
        self.at = at
        self.isOnline = isOnline
    }

    /// Whether it says nothing, so that standard input has a token.
    public var isEmpty: Bool {
        claims == nil && !description.isSet && source.file == nil && source.token == nil && tokenOption == nil
    }

    /// Whether the token comes from standard input.
    public var readsStandardInput: Bool {
        claims == nil && !description.isSet && source.file == nil && [nil, "-"].contains(source.token ?? tokenOption)
    }

    /// - Throws: ``UsageProblem`` if there is more than one principal, or an option does not go with it.
    public func check() throws(UsageProblem) {
        let tokens = [source.token, tokenOption, source.file].count { $0 != nil }
        let ways = [tokens > 0, claims != nil, description.isSet].count { $0 }
        guard ways <= 1 else { throw UsageProblem("give one of: a token; --claims; --group, --user and the like") }
        guard tokens <= 1 else { throw UsageProblem("give the token once") }
        let isToken = claims == nil && !description.isSet
        guard keys.isEmpty || isToken else {
            throw UsageProblem("--keys is for a token; claims and groups need no keys")
        }
        guard !isOnline || isToken else { throw UsageProblem("--online is for a token") }
        try description.check()
        _ = try now()
    }

    /// The principal's access.
    ///
    /// - Parameter askDirectory: asks Microsoft Graph for groups, if the request allows it.
    /// - Throws: `CommandFailure` if a file cannot be read; what `askDirectory` throws.
    public func answer(
        _ configuration: WebhookConfiguration, askDirectory: (EntraPrincipal) throws -> [GUID]
    ) throws -> PolicyAnswer {
        let checker = PolicyChecker(configuration.authentication)
        let now = try now()
        if let question = try question() { return checker.answer(question, now: now) }
        let keys = try OfflineKeys.snapshot(keys, for: configuration)
        let token = try readToken()
        guard let principal = checker.principalToResolve(token: token, keys: keys, now: now) else {
            return checker.answer(token: token, keys: keys, now: now)
        }
        guard isOnline else {
            Console.note("the webhook would ask Microsoft Graph for the groups; --online does so here")
            return checker.answer(token: token, keys: keys, now: now)
        }
        return checker.answer(token: token, keys: keys, now: now, resolvedGroups: try askDirectory(principal))
    }

    /// A test suite that expects the current answer.
    ///
    /// - Throws: `CommandFailure` if a file cannot be read, or the token's signature is invalid.
    public func suite(_ configuration: WebhookConfiguration) throws -> String {
        let checker = PolicyChecker(configuration.authentication)
        let now = try now()
        if let question = try question() { return PolicySuiteDraft.render(question, checker: checker, now: now) }
        let keys = try OfflineKeys.snapshot(keys, for: configuration)
        guard let suite = PolicySuiteDraft.render(token: try readToken(), keys: keys, checker: checker, now: now) else {
            throw CommandFailure("the token's signature is not right, so its claims make no test")
        }
        return suite
    }

    private func now() throws(UsageProblem) -> Timestamp { try TimeArgument.read(at) }

    private func readToken() throws -> [UInt8] {
        let input = try TokenSource(token: source.token ?? tokenOption, file: source.file).read()
        let (token, note) = TokenInput.asSent(input)
        if let note { Console.note("note: " + note) }
        return token
    }

    /// Nil if the request is about a token.
    private func question() throws -> PolicyQuestion? {
        if let claims { return .claims(try ClaimsFile.read(claims), resolvedGroups: nil) }
        return description.isSet ? .principal(description.principal) : nil
    }
}
