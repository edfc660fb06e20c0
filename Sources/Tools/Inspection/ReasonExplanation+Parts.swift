internal import EntraTokens

extension ReasonExplanation {
    typealias Parts = (meaning: String, causes: [String], fixes: [String], portal: String?)

    /// Where every sign-in is listed.
    private static let signInLogs =
        "Monitoring & health → Sign-in logs: the request ID or the token's uti (\"Unique token identifier\") finds the"
        + " sign-in, with the user, the client application, the resource and what Conditional Access did."

    static func parts(_ reason: RefusalReason) -> Parts {
        switch reason {
        case .tokenMissing, .tokenTooLarge, .tokenMalformed, .tokenEncrypted: form(reason)
        case .algorithmNotAllowed, .headerNotAllowed, .keyIDMissing, .keyNotFound, .keysUnavailable,
            .signatureInvalid, .keyIssuerMismatch:
            signature(reason)
        case .claimsMalformed, .issuerNotTrusted, .tenantMismatch, .tokenKindNotAccepted, .audienceNotAccepted:
            claims(reason)
        case .tokenExpired, .tokenNotYetValid, .tokenLifetimeTooLong: times(reason)
        case .clientAppNotAllowed, .subjectKindNotAllowed, .subjectMissing, .requiredClaimMissing,
            .requiredClaimMismatch, .usernameReserved:
            subject(reason)
        case .groupOverage, .groupsMalformed, .groupResolutionFailed: groups(reason)
        case .proofOfPossessionRequired, .proofOfPossessionNotAccepted, .proofOfPossessionInvalid,
            .proofOfPossessionReplayed:
            proof(reason)
        }
    }

    private static func form(_ reason: RefusalReason) -> Parts {
        switch reason {
        case .tokenTooLarge:
            (
                "The token has more bytes than limits.tokenBytes, so nothing of it was read.",
                [
                    "very many groups, app roles or optional claims in the token",
                    "something else than a token was sent",
                ],
                [
                    "let the server application emit only groups assigned to it: at most 200 fit, and few are needed",
                    "raise limits.tokenBytes (and limits.bodyBytes with it) if the token is genuine",
                ],
                "App registrations → the server application → Token configuration → Edit groups claim → Groups assigned to"
                    + " the application; then Enterprise applications → the same application → Users and groups."
            )
        case .tokenEncrypted:
            (
                "The token is a JWE of five parts. Only the resource that holds the private key can read it, and an API"
                    + " server or a webhook does not.",
                [
                    "the server application has token encryption switched on",
                    "the token is for a first-party API, so --server-id is wrong",
                ],
                [
                    "remove the token encryption certificate from the server application",
                    "set --server-id in the kubeconfig to the cluster's application ID, then sign in again",
                ],
                "Enterprise applications → the server application → Token encryption → deactivate or remove the"
                    + " certificate."
            )
        case .tokenMalformed:
            (
                "What was sent is not three parts of base64url with dots between them whose first part is a JSON object."
                    + " Nothing of it was believed.",
                [
                    "a refresh token, an authorization code, a client secret or a password instead of the access token",
                    "a token that was cut off, wrapped or quoted when it was copied",
                    "another system's opaque token, for example a bootstrap token with a wrong secret",
                ],
                [
                    "pass the access token as a whole, as `kubelogin get-token …` prints it in status.token",
                    "`kube-entra inspect` names what was sent",
                ], nil
            )
        default:
            (
                "The API server called the webhook with an empty token.",
                ["the kubeconfig's user has no credential", "the exec plugin printed an empty token"],
                [
                    "run the plugin by hand: `kubelogin get-token …` must print an ExecCredential with a token",
                    "`kube-entra kubeconfig user` makes a kubeconfig whose user signs in with kubelogin",
                ], nil
            )
        }
    }

    private static func signature(_ reason: RefusalReason) -> Parts {
        let foreign = [
            "find out where the token comes from: its issuer and its client application stand in `kube-entra inspect`",
            "run `kubelogin remove-cache-dir` and sign in again",
            "if many such tokens arrive, look for their source in the API server's audit log",
        ]
        switch reason {
        case .headerNotAllowed:
            return (
                "The header has a member that no access token for a cluster has: a key or its address (jwk, jku, x5c,"
                    + " x5u), an extension (crit, b64), compression (zip), a nested token (cty), another type (typ), or a"
                    + " nonce. None of them is ever honoured or fetched.",
                [
                    "a token for Microsoft Graph: it has a nonce in its header, and its signature cannot be checked by"
                        + " others",
                    "a proof-of-possession envelope or another token type where an access token is wanted",
                    "a header that brings its own key, as forgeries do",
                ],
                [
                    "set --server-id in the kubeconfig to the cluster's application ID, not to Microsoft Graph",
                    "with the Azure CLI: `az account get-access-token --resource <server application ID>`",
                ],
                "App registrations → the server application → Overview shows its Application (client) ID."
            )
        case .keyNotFound:
            return (
                "The token names a key ID (kid) that is not in the key set of any configured tenant. An unknown key ID"
                    + " makes the webhook fetch the keys, at most once in unknownKeyRefreshInterval.",
                [
                    "Entra has just changed its keys, and a key file is older than that",
                    "the token is from another tenant or cloud", "the server application has a signing key of its own",
                    "a forged token",
                ],
                [
                    "offline: fetch the keys again with `kube-entra keys fetch`",
                    "online: see the log and `kube_entra_signing_key_refreshes_total` for failed fetches",
                    "compare the token's issuer with the configured tenants",
                ],
                "Enterprise applications → the server application → Single sign-on: a signing certificate there means keys"
                    + " of its own."
            )
        case .keysUnavailable:
            return (
                "The webhook has no signing keys of the token's tenant that are young enough to be believed, so it can"
                    + " check none of its tokens. /readyz fails if that is so for all tenants.",
                [
                    "the webhook's host cannot reach the sign-in address: firewall, proxy, DNS or TLS inspection",
                    "Entra has been unreachable for longer than signingKeys.maximumAge",
                    "the webhook was restarted during an outage, without a cacheFile",
                ],
                [
                    "ask /readyz?verbose on the operations address for the cause",
                    "set signingKeys.proxy or HTTPS_PROXY; for TLS inspection, authorityCA",
                    "set signingKeys.cacheFile, so that a restart during an outage finds keys",
                    "as a stopgap, copy a file that `kube-entra keys fetch` wrote elsewhere, and set signingKeys.file",
                ], nil
            )
        case .signatureInvalid:
            return (
                "The key that the token names is known, and the signature is not that key's signature of this token.",
                [
                    "the token was changed, cut off or put together after it was signed",
                    "a token for Microsoft Graph, which is signed over something else than is sent",
                    "the key file belongs to something else than Entra", "a forged token",
                ], foreign, signInLogs
            )
        case .keyIssuerMismatch:
            return (
                "The signature is right, but the key is one that another tenant or issuer publishes, and not this token's.",
                [
                    "a key file of another tenant", "the keys of one tenant's file lag behind Entra's",
                    "somebody who controls one configured tenant signs tokens in the name of another",
                ],
                [
                    "fetch the keys of each tenant again: `kube-entra keys fetch --tenant-id …`",
                    "sign in to the configured tenant",
                ], signInLogs
            )
        case .keyIDMissing:
            return (
                "The header has no kid, so it does not say which of the tenant's keys signed the token. Entra always says"
                    + " it.",
                ["the token was not issued by Entra", "somebody tries to forge a token"], foreign, nil
            )
        default:
            return (
                "The header's alg is missing or not RS256. Entra signs access tokens with RS256; taking anything else, or"
                    + " none, is how tokens are forged.",
                ["the token was not issued by Entra", "somebody tries to forge a token"], foreign, nil
            )
        }
    }

    private static func claims(_ reason: RefusalReason) -> Parts {
        switch reason {
        case .issuerNotTrusted:
            (
                "iss is not exactly the issuer of a configured tenant, for the token's version. It is compared as a whole:"
                    + " host, tenant, slash and version count.",
                [
                    "signed in to another tenant than the cluster's, often the home tenant of a guest",
                    "the wrong cloud in --environment",
                    "a token of another system: a service account of another cluster, another identity provider",
                ],
                [
                    "set --tenant-id and --environment in the kubeconfig, run `kubelogin remove-cache-dir`, sign in again",
                    "add the tenant to the configuration's tenants, if its people shall sign in",
                    "leave it alone if it is another system's token: the API server asks every authenticator",
                ],
                "Overview shows the Tenant ID; the account menu at the top right switches tenants."
            )
        case .tenantMismatch:
            (
                "tid is missing or names another tenant than iss does. Entra does not issue such tokens.",
                ["a claims-mapping policy that replaces tid", "a token that was put together from parts"],
                [
                    "run `kubelogin remove-cache-dir` and sign in again to the configured tenant",
                    "look for a claims-mapping policy on the server application",
                ],
                "Enterprise applications → the server application → Single sign-on → Attributes & Claims."
            )
        case .tokenKindNotAccepted:
            (
                "The token is genuine, but no access token: it has neither appid nor azp, as an ID token. That one tells a"
                    + " client who signed in, and is not for presenting to others.",
                [
                    "an ID token was passed where an access token is needed",
                    "kubectl's oidc settings (id-token) where kubelogin belongs",
                ],
                [
                    "pass the access token: kubelogin does",
                    "with other tools ask for the scope <server application ID>/.default and take access_token",
                ],
                "App registrations → the server application → Expose an API: without a scope there, Entra gives clients no"
                    + " access token for it."
            )
        case .audienceNotAccepted:
            (
                "aud says which application the token was made for, and that is none of the tenant's audiences. Taking it"
                    + " would let every other service that gets such tokens use them here.",
                [
                    "--server-id in the kubeconfig is another application's",
                    "a token for Microsoft Graph or Azure Resource Manager, as `az account get-access-token` gives",
                    "an application ID URI (api://…) that is not in the configuration's audiences",
                ],
                [
                    "set --server-id in the kubeconfig to the cluster's application ID, then sign in again",
                    "with the Azure CLI: `az account get-access-token --resource <server application ID>`",
                    "add the application ID URI to audiences, if it is this cluster's: it is matched exactly",
                ],
                "App registrations → the server application → Overview: Application (client) ID and Application ID URI."
            )
        default:
            (
                "The signature is right, and a claim that is needed is missing or of another form than Entra's: exp, ver,"
                    + " iat or nbf, or one that is a list where a text belongs.",
                [
                    "a claims-mapping policy changes a claim that is needed",
                    "the key file belongs to another issuer than Entra",
                ],
                [
                    "`kube-entra inspect` names the claim",
                    "look for a claims-mapping policy or custom claims provider on the server application",
                ],
                "Enterprise applications → the server application → Single sign-on → Attributes & Claims."
            )
        }
    }

    private static func times(_ reason: RefusalReason) -> Parts {
        switch reason {
        case .tokenNotYetValid:
            (
                "nbf lies in the future by more than limits.clockSkew.",
                ["the clock of the webhook's host is behind", "the token was made by a host whose clock is ahead"],
                [
                    "compare the clocks: `timedatectl` on the control-plane nodes, `kube-entra doctor` from a client",
                    "only if that cannot be: raise limits.clockSkew, to 5m at most",
                ], signInLogs
            )
        case .tokenLifetimeTooLong:
            (
                "The time from iat to exp is longer than maximumTokenLifetime (29h by default, which is enough for"
                    + " continuous access evaluation and managed identities).",
                [
                    "a token lifetime policy in the tenant",
                    "maximumTokenLifetime is set shorter than Entra's tokens live",
                ],
                ["shorten the token lifetime policy of the server application", "raise maximumTokenLifetime"],
                "Token lifetime policies have no page: Microsoft Graph, policies/tokenLifetimePolicies."
            )
        default:
            (
                "exp is past, by more than limits.clockSkew. Access tokens live for 60 to 90 minutes, some for a day.",
                [
                    "a token that was copied or stored, for example token: in a kubeconfig",
                    "the sign-in behind kubelogin's cache has ended, or its cache is damaged",
                    "the clock of the webhook's host is ahead",
                ],
                [
                    "run `kubelogin remove-cache-dir` or sign in again",
                    "use kubelogin as an exec plugin, which gets new tokens by itself",
                    "compare the clocks: `timedatectl` on the control-plane nodes, `kube-entra doctor` from a client",
                ],
                "Protection → Conditional Access → Session → Sign-in frequency says how often people must sign in."
            )
        }
    }
}
