public import EntraTokens
public import Jansson

/// The long explanation of a reason: usual causes, and how each is put right.
public struct ReasonExplanation: Sendable {
    public let reason: RefusalReason
    /// Usual causes, the most frequent first.
    public let causes: [String]
    /// Where in the portal, the kubeconfig or the configuration to look.
    public let fixes: [String]

    public init(_ reason: RefusalReason) {
        self.reason = reason
        (causes, fixes) = ReasonExplanation.parts(reason)
    }

    /// For a person, at most 80 columns.
    public var text: String {
        let page = TextPage(color: false)
        var lines = [reason.code, ""]
        lines += page.wrapped(reason.sentence.prefix(1).uppercased() + reason.sentence.dropFirst() + ".")
        lines += ["", "Usual causes:"]
        for cause in causes { lines += page.wrapped("- " + cause, indent: 2) }
        lines += ["", "What to do:"]
        for fix in fixes { lines += page.wrapped("- " + fix, indent: 2) }
        lines.append("")
        lines += page.wrapped(
            reason.isForeign
                ? "The API server is told that the token is none of ours, without an error, and remembers that for two"
                    + " minutes."
                : "The API server is told this reason, and writes it into its log.")
        return lines.joined(separator: "\n")
    }

    /// The same as data.
    public var json: JSON {
        .object([
            ("reason", .string(reason.code)), ("message", .string(reason.sentence)), ("hint", .string(reason.hint)),
            ("causes", JSON(causes)), ("fixes", JSON(fixes)), ("foreign", .bool(reason.isForeign)),
        ])
    }

    /// The README's troubleshooting table.
    public static var markdownTable: String {
        var lines = ["| reason | what it means | what to do |", "|---|---|---|"]
        for reason in RefusalReason.allCases {
            lines.append("| `\(reason.code)` | \(reason.sentence) | \(reason.hint) |")
        }
        return lines.joined(separator: "\n")
    }

    private static func parts(_ reason: RefusalReason) -> ([String], [String]) {
        switch reason {
        case .tokenMissing:
            (
                ["the kubeconfig's user has no credential", "the exec plugin printed an empty token"],
                ["run the plugin by hand: `kubelogin get-token …` must print an ExecCredential", reason.hint]
            )
        case .tokenTooLarge:
            (
                ["a token with very many groups, roles or optional claims", "something else than a token was sent"],
                [
                    "Entra admin center → App registrations → the server application → Token configuration: emit only"
                        + " groups assigned to the application", "raise limits.tokenBytes",
                ]
            )
        case .tokenMalformed:
            (
                [
                    "a refresh token, an authorization code or a password instead of the access token",
                    "a token that was cut off or wrapped when it was copied",
                ],
                ["pass the access token as a whole: three parts with dots between them", reason.hint]
            )
        case .tokenEncrypted:
            (
                ["the server application has token encryption switched on", "the token is for a first-party API"],
                ["Enterprise applications → the server application → Token encryption: remove the certificate"]
            )
        case .algorithmNotAllowed:
            (
                ["the token was not issued by Entra", "somebody tries to forge a token"],
                [reason.hint, "if many such tokens arrive, look for their source in the API server's audit log"]
            )
        case .headerNotAllowed:
            (
                [
                    "a token for Microsoft Graph, which has a nonce in its header and cannot be checked by others",
                    "a header that brings its own key or its address, as forgeries do",
                ],
                [reason.hint]
            )
        case .keyIDMissing:
            (["the token was not issued by Entra"], [reason.hint])
        case .keyNotFound:
            (
                [
                    "Entra has just changed its keys and a key file is older than that",
                    "the token is from another tenant or cloud", "the application has its own signing key",
                ],
                [
                    "offline: fetch the keys again with `kube-entra keys fetch`",
                    "online: the webhook fetches by itself, at most once in unknownKeyRefreshInterval; see the log",
                ]
            )
        case .keysUnavailable:
            (
                [
                    "this host cannot reach the tenant's sign-in address: firewall, proxy, DNS or TLS inspection",
                    "Entra has been unreachable for longer than signingKeys.maximumAge",
                ],
                [
                    "ask /readyz?verbose on the operations address for the cause",
                    "set signingKeys.proxy or HTTPS_PROXY; for TLS inspection, authorityCA",
                    "set signingKeys.cacheFile, so that a restart during an outage finds keys",
                ]
            )
        case .signatureInvalid:
            (
                ["the token was changed after it was signed", "the key file belongs to another tenant or cloud"],
                [reason.hint]
            )
        case .claimsMalformed:
            (
                ["the token was not issued by Entra", "a claims-mapping policy changes a claim that is needed"],
                [reason.hint]
            )
        case .issuerNotTrusted:
            (
                [
                    "signed in to another tenant than the cluster's", "the wrong cloud in --environment",
                    "a token of another system: a service account of another cluster, another identity provider",
                ],
                [reason.hint, "add the tenant to the configuration's tenants, if its people shall sign in"]
            )
        case .tenantMismatch:
            (["a token that was put together from parts, or an unusual claims-mapping policy"], [reason.hint])
        case .keyIssuerMismatch:
            (
                ["a key file of another tenant", "keys of one tenant's file lag behind Entra's"],
                [reason.hint]
            )
        case .tokenKindNotAccepted:
            (["an ID token was passed where an access token is needed"], [reason.hint])
        case .audienceNotAccepted:
            (
                [
                    "--server-id in the kubeconfig is another application's",
                    "a token for Microsoft Graph or Azure Resource Manager, as `az account get-access-token` gives",
                    "an application ID URI that is not in the configuration's audiences",
                ],
                [reason.hint, "with the Azure CLI: az account get-access-token --resource <server application ID>"]
            )
        case .tokenExpired:
            (
                ["a cached token that was not renewed", "this host's clock is ahead"],
                [reason.hint, "compare the clocks: timedatectl on this host and on the API server's"]
            )
        case .tokenNotYetValid:
            (["the clock of this host is behind"], [reason.hint])
        case .tokenLifetimeTooLong:
            (["a token lifetime policy in the tenant"], [reason.hint])
        case .clientAppNotAllowed:
            (["another tool than the expected one asked for the token"], [reason.hint])
        case .subjectKindNotAllowed:
            (
                ["a guest, an application or an agent where only the tenant's users may sign in"],
                [reason.hint]
            )
        case .subjectMissing:
            (["the server application strips the oid claim"], [reason.hint])
        case .requiredClaimMissing, .requiredClaimMismatch:
            (
                ["requiredClaims asks for something that this principal's token does not carry"],
                [
                    reason.hint,
                    "App registrations → the server application → Token configuration → Add optional claim → Access",
                ]
            )
        case .groupOverage:
            (
                ["the principal is in more than 200 groups, nested ones counted"],
                [
                    "App registrations → the server application → Token configuration → Groups claim → Groups assigned"
                        + " to the application", "use app roles: appRoleMappings",
                    "set groupOverage: resolve with a directory, or ignore",
                ]
            )
        case .groupsMalformed:
            (["a claims-mapping policy puts something else into groups"], [reason.hint])
        case .groupResolutionFailed:
            (
                [
                    "Microsoft Graph is not reachable",
                    "the directory's application lacks a permission or admin consent",
                    "its secret or certificate has expired",
                ],
                [
                    "API permissions of the directory's application, application permissions of Microsoft Graph:"
                        + " GroupMember.Read.All with User.Read.All for people, Application.Read.All for applications, or"
                        + " Directory.Read.All for both; then Grant admin consent", reason.hint,
                ]
            )
        case .usernameReserved:
            (["a user principal name, with usernamePrefix before it, begins with system:"], [reason.hint])
        case .proofOfPossessionRequired:
            (["proofOfPossession is require, or the token is bound to a key and came alone"], [reason.hint])
        case .proofOfPossessionNotAccepted:
            (["kubelogin runs with --pop-enabled, and the cluster does not take that"], [reason.hint])
        case .proofOfPossessionInvalid:
            (
                ["the host in --pop-claims is not clusterHost", "a clock is wrong", "the envelope is too old"],
                [reason.hint]
            )
        case .proofOfPossessionReplayed:
            (["the same envelope was sent twice"], [reason.hint])
        }
    }
}
