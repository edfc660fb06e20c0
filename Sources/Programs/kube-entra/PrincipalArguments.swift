import ArgumentParser
import CommandInput
import Configuration
import PolicyChecks
import WebhookService

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

    var request: PrincipalRequest {
        PrincipalRequest(
            source: TokenSource(token: token, file: tokenFile), tokenOption: tokenOption, keys: keys, claims: claims,
            description: .init(
                tenantID: tenantID, objectID: objectID, user: user, groups: group, roles: role, isApp: app),
            at: at, isOnline: online)
    }

    func validate() throws { try checked { try request.check() } }

    /// The principal's access; Microsoft Graph is asked with --online only.
    func answer(_ configuration: WebhookConfiguration) throws -> PolicyAnswer {
        try request.answer(configuration) { try DirectoryFactory.ask($0, configuration) }
    }
}
