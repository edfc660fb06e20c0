internal import EntraTokens

extension ReasonExplanation {
    private static let optionalClaims =
        "App registrations → the server application → Token configuration → Add optional claim → Access."

    static func subject(_ reason: RefusalReason) -> Parts {
        switch reason {
        case .clientAppNotAllowed:
            (
                "appid (v1) or azp (v2) is the application that asked for the token, and allowedClientAppIDs does not name"
                    + " it.",
                ["another tool than the expected one asked for the token, for example the Azure CLI"],
                [
                    "set --client-id in the kubeconfig to an allowed application",
                    "add the application to allowedClientAppIDs",
                ],
                "App registrations → the server application → Expose an API → Authorized client applications."
            )
        case .subjectKindNotAllowed:
            (
                "The token speaks for a kind of principal that the tenant's subjects do not list. Agents and devices are"
                    + " never taken by default.",
                [
                    "a guest, an application, a managed identity or an agent where only the tenant's users may sign in",
                    "--login azurecli with a service principal signed in to the Azure CLI",
                ],
                [
                    "sign in as another kind of principal: for a person, kubelogin --login devicecode or interactive",
                    "add the kind to the tenant's subjects, and mind that its groups may make it admin",
                ], "Users → the account → Overview shows the user type; Enterprise applications lists applications."
            )
        case .subjectMissing:
            (
                "oid is missing or no object ID. A principal is known by its tenant and its object ID and by nothing else:"
                    + " names can be chosen by anybody.",
                [
                    "a personal Microsoft account, which has no object in the tenant",
                    "a client that does not ask for the profile scope", "a claims-mapping policy that replaces oid",
                ],
                [
                    "sign in with an account of the tenant",
                    "have the client ask for <server application ID>/.default, as kubelogin does",
                ],
                "App registrations → the server application → API permissions: openid and profile of Microsoft Graph."
            )
        case .requiredClaimMissing:
            (
                "requiredClaims names a claim that this token does not carry at all.",
                [
                    "the claim is not among the server application's optional claims",
                    "the claim does not exist for this kind of principal, or has no value for this one",
                    "the name in requiredClaims is misspelt: case counts",
                ],
                ["add the claim to the server application's access tokens", "drop it from requiredClaims"],
                optionalClaims
            )
        case .requiredClaimMismatch:
            (
                "requiredClaims names a claim whose value in this token is none of the accepted ones. Of a list, one"
                    + " element must be accepted.",
                [
                    "somebody else than intended signs in",
                    "an authentication context (acrs) or a device claim that this sign-in did not satisfy",
                    "a number or boolean in the token where requiredClaims has it in quotes, or the other way round",
                ],
                [
                    "sign in as someone, or in a way, whose token carries an accepted value",
                    "add the value to requiredClaims",
                ], optionalClaims
            )
        default:
            (
                "The user name would begin with system:, which Kubernetes reserves for its own parts; nobody gets such a"
                    + " name from Entra.",
                ["a user principal name that begins with system:, or usernamePrefix makes it one"],
                ["change the user principal name", "set kubernetes.username: oid", "change usernamePrefix"],
                "Users → the account → Properties → User principal name."
            )
        }
    }

    static func groups(_ reason: RefusalReason) -> Parts {
        let path = "App registrations → the server application → Token configuration → Edit groups claim"
        return switch reason {
        case .groupsMalformed:
            (
                "groups is there and is not a list of texts. Values that are no object IDs are dropped and not refused.",
                ["a claims-mapping policy puts something else into groups"],
                ["let the server application emit Group ID in access tokens", "remove the claims-mapping policy"],
                path + " → Access → Group ID."
            )
        case .groupResolutionFailed:
            (
                "The principal is in more groups than a token lists, groupOverage is resolve, and Microsoft Graph did not"
                    + " say which of the configured groups it is in.",
                [
                    "Microsoft Graph is not reachable from the webhook, or slower than directory.timeout",
                    "the directory's application lacks a permission or admin consent",
                    "its secret, certificate or federated token has expired", "Graph throttles (status 429)",
                ],
                [
                    "see the log: it has Graph's status and the token endpoint's AADSTS code",
                    "grant application permissions of Microsoft Graph: GroupMember.Read.All with User.Read.All for people,"
                        + " Application.Read.All for applications, or Directory.Read.All for both; then Grant admin consent",
                    "set directory.staleFor, so that known answers outlive an outage",
                    "emergencyAccess needs no groups: use it until Graph answers again",
                ],
                "App registrations → the directory's application → API permissions, and Certificates & secrets."
            )
        default:
            (
                "The principal is in more than 200 groups, nested ones counted. Entra then leaves the groups claim out and"
                    + " only says so, and groupOverage is deny.",
                [
                    "somebody in very many groups, often an administrator",
                    "the groups claim is set to all groups and not to those assigned to the application",
                ],
                [
                    "emit only groups assigned to the application: direct members of assigned groups only",
                    "use app roles: appRoleMappings need no groups claim",
                    "set groupOverage: resolve with a directory, so that Microsoft Graph is asked about the configured"
                        + " groups",
                    "set groupOverage: ignore, and such people sign in without any group",
                ],
                path + " → Groups assigned to the application; then Enterprise applications → the server application →"
                    + " Users and groups. App roles: App registrations → the server application → App roles."
            )
        }
    }

    static func proof(_ reason: RefusalReason) -> Parts {
        switch reason {
        case .proofOfPossessionRequired:
            (
                "A token that is bound to a key (cnf) is never taken without its envelope. Or the tenant's"
                    + " proofOfPossession is require, and the token came alone.",
                [
                    "kubelogin runs without --pop-enabled where the cluster requires it",
                    "a bound token was taken out of its envelope, which is what binding is to prevent",
                ],
                [
                    "run kubelogin with --pop-enabled and --pop-claims \"u=<cluster host>\"",
                    "set proofOfPossession: accept",
                ],
                nil
            )
        case .proofOfPossessionNotAccepted:
            (
                "The token came in a proof-of-possession envelope, and the tenant's proofOfPossession is off.",
                ["kubelogin runs with --pop-enabled, as for an Arc-connected cluster"],
                ["run kubelogin without --pop-enabled", "set proofOfPossession: accept, and clusterHost"], nil
            )
        case .proofOfPossessionReplayed:
            (
                "The same envelope was presented before. Each is taken once, so that one that was stolen is worth"
                    + " nothing.",
                [
                    "a client that keeps the envelope and sends it again, instead of running kubelogin each time",
                    "the API server's cache of answers is off, or several API servers share one webhook",
                    "a stolen envelope",
                ],
                [
                    "run kubelogin again: it makes a new envelope each time",
                    "give each kube-apiserver its own webhook, beside it", "look at who sent it, in the audit log",
                ], nil
            )
        default:
            (
                "The access token is genuine, but the envelope around it is not right: another key than the token is bound"
                    + " to, a wrong signature, another host, or too old.",
                [
                    "u in --pop-claims is not clusterHost", "a clock is wrong: an envelope is taken for 15 minutes",
                    "the envelope is kept and sent again much later",
                ],
                [
                    "`kube-entra inspect` says which part is wrong",
                    "set --pop-claims \"u=<cluster host>\" to the bare host name in clusterHost",
                    "compare the clocks of the client and of the webhook: `timedatectl`",
                ], nil
            )
        }
    }
}
