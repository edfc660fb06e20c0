public import AccessPolicy
import Configuration
public import Entra
import Inspection
import SafeText
public import Terminal

/// Whom `deny` is about: one ID, or the owner of a token.
public struct DenialTarget: Sendable {
    /// A user's or service principal's object ID.
    public var objectID: String?
    /// The application that asks for tokens.
    public var clientAppID: String?
    /// One token's `uti`.
    public var tokenID: String?
    /// A token, if none of the IDs is set.
    public var source: TokenSource
    /// Whether only the token is denied, in place of its owner.
    public var isOnlyToken: Bool

    public init(
        objectID: String?, clientAppID: String?, tokenID: String?, source: TokenSource, isOnlyToken: Bool
    ) {
        self.objectID = objectID
        self.clientAppID = clientAppID
        self.tokenID = tokenID
        self.source = source
        self.isOnlyToken = isOnlyToken
    }

    /// - Parameter hasTerminal: whether standard input is a terminal, at which a person would have to type the token.
    /// - Throws: ``UsageProblem`` unless there is exactly one target, in the right form.
    public func check(hasTerminal: Bool) throws(UsageProblem) {
        let ids = [objectID, clientAppID, tokenID].count { $0 != nil }
        let tokens = [source.token, source.file].count { $0 != nil }
        guard ids + tokens <= 1 else {
            throw UsageProblem("give one of --object-id, --client-app-id, --token-id and a token")
        }
        try IDArgument.read(objectID, .object, option: "--object-id")
        try IDArgument.read(clientAppID, .application, option: "--client-app-id")
        guard tokenID != "" else { throw UsageProblem("--token-id must not be empty") }
        guard ids == 0 || !isOnlyToken else { throw UsageProblem("--only-this-token is for a token") }
        try source.checkToken()
        guard ids + tokens > 0 || !hasTerminal else {
            throw UsageProblem(
                "give one of --object-id, --client-app-id and --token-id, or a token on standard input or with"
                    + " --token-file")
        }
    }

    /// The target as the deny list has it, and the tenant of a token; nil for an ID, which says no tenant.
    ///
    /// - Throws: `CommandFailure` if a token cannot be read, or lacks the ID.
    public func read() throws -> (target: DeniedEntry.Target, tenantID: GUID?) {
        if let id = objectID.flatMap({ GUID(lenient: $0) }) { return (.objectID(id), nil) }
        if let id = clientAppID.flatMap({ GUID(lenient: $0) }) { return (.clientAppID(id), nil) }
        if let tokenID { return (.tokenID(ExactText(tokenID)), nil) }
        return try TokenInput(source.read()).deniedTarget(onlyThisToken: isOnlyToken)
    }
}
