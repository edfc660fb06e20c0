/// Reasons about the groups of the principal.
extension ReasonEntry {
    private static let groupsClaim =
        "App registrations → the server application → Token configuration → Edit groups claim"

    static let groupOverage = ReasonEntry(
        sentence: "the principal is in more groups than its token can list",
        hint: "emit only groups assigned to the application, use app roles, or set groupOverage: resolve or ignore",
        meaning:
            "The principal is in more than 200 groups, nested ones counted. Entra then leaves the groups claim out and"
            + " only says so, and groupOverage is deny.",
        causes: [
            "somebody in very many groups, often an administrator",
            "the groups claim is set to all groups and not to those assigned to the application",
        ],
        fixes: [
            "emit only groups assigned to the application: direct members of assigned groups only",
            "use app roles: appRoleMappings need no groups claim",
            "set groupOverage: resolve with a directory, so that Microsoft Graph is asked about the configured groups",
            "set groupOverage: ignore, and such people sign in without any group",
        ],
        portal: groupsClaim
            + " → Groups assigned to the application; then Enterprise applications → the server application →"
            + " Users and groups. App roles: App registrations → the server application → App roles.")

    static let groupsMalformed = ReasonEntry(
        sentence: "the token's groups are not a list of strings",
        hint: "set the server application's groups claim to security groups, as Group ID",
        meaning:
            "groups is there and is not a list of strings. Values that are not object IDs are dropped and not refused.",
        causes: ["a claims-mapping policy puts something else into groups"],
        fixes: ["let the server application emit Group ID in access tokens", "remove the claims-mapping policy"],
        portal: groupsClaim + " → Access → Group ID.")

    static let groupResolutionFailed = ReasonEntry(
        sentence: "the principal's groups could not be asked for",
        hint: "check the directory settings, its consent and its secret: Microsoft Graph's answer is in the log",
        meaning:
            "The principal is in more groups than a token lists, groupOverage is resolve, and Microsoft Graph did not"
            + " say which of the configured groups it is in. Or directory.watch is on with whenSilent: refuse, and Graph"
            + " has been silent for too long.",
        causes: [
            "Microsoft Graph is not reachable from the webhook, or slower than directory.timeout",
            "the directory's application lacks a permission or admin consent",
            "its secret, certificate or federated token has expired",
            "Graph throttles (status 429)",
            "the account was deleted: Graph does not know it (status 404)",
        ],
        fixes: [
            "see the log: it has Graph's status and the token endpoint's AADSTS code",
            "grant application permissions of Microsoft Graph: GroupMember.Read.All with User.Read.All for people,"
                + " Application.Read.All for applications, or Directory.Read.All for both; then Grant admin consent",
            "set directory.staleFor, so that known answers outlive an outage",
            "emergencyAccess needs no groups: use it until Graph answers again",
        ],
        portal: "App registrations → the directory's application → API permissions, and Certificates & secrets.")
}
