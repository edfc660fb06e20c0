/// Reasons for tokens with a valid signature: their issuer, audience and times.
extension ReasonEntry {
    private static let attributes =
        "Enterprise applications → the server application → Single sign-on → Attributes & Claims."

    static let claimsMalformed = ReasonEntry(
        sentence: "a claim that is needed is missing or has the wrong form",
        hint: "run `kube-entra inspect` on the token to see which claim it is",
        meaning:
            "The signature is right, and a claim that is needed is missing or of another form than Entra's: exp, ver,"
            + " iat or nbf, one that is a list where a string belongs, or a name that begins or ends with a blank.",
        causes: [
            "a claims-mapping policy changes a claim that is needed",
            "the key file belongs to another issuer than Entra",
        ],
        fixes: [
            "`kube-entra inspect` names the claim",
            "look for a claims-mapping policy or custom claims provider on the server application",
        ],
        portal: attributes)

    static let issuerNotTrusted = ReasonEntry(
        isForeign: true,
        sentence: "the token was not issued by a configured tenant",
        hint: "set kubelogin's --tenant-id and --environment to a tenant and cloud that this cluster trusts",
        meaning:
            "iss is not exactly the issuer of a configured tenant, for the token's version. It is compared as a whole:"
            + " host, tenant, slash and version count.",
        causes: [
            "signed in to another tenant than the cluster's, often the home tenant of a guest",
            "the wrong cloud in --environment",
            "a token of another system: a service account of another cluster, another identity provider",
        ],
        fixes: [
            "set --tenant-id and --environment in the kubeconfig, run `kubelogin remove-cache-dir`, sign in again",
            "add the tenant to the configuration's tenants, if its people shall sign in",
            "leave it alone if it is another system's token: the API server asks every authenticator",
        ],
        portal: "Overview shows the Tenant ID; the account menu at the top right switches tenants.")

    static let tenantMismatch = ReasonEntry(
        sentence: "the token's tenant is not the one that its issuer stands for",
        hint: "sign in again to the configured tenant (kubelogin's --tenant-id); Entra does not issue such a token",
        meaning: "tid is missing or names another tenant than iss does. Entra does not issue such tokens.",
        causes: ["a claims-mapping policy that replaces tid", "a token that was put together from parts"],
        fixes: [
            "run `kubelogin remove-cache-dir` and sign in again to the configured tenant",
            "look for a claims-mapping policy on the server application",
        ],
        portal: attributes)

    static let tokenKindNotAccepted = ReasonEntry(
        sentence: "this is an ID token or another token that is not meant for access",
        hint:
            "pass the access token and not the ID token: kubelogin does; with other tools ask for the scope"
            + " <server application ID>/.default",
        meaning:
            "The token is genuine, but not an access token: it has neither appid nor azp, as an ID token. An ID"
            + " token tells a client who signed in; it is not meant to be sent to other services.",
        causes: [
            "an ID token was passed where an access token is needed",
            "kubectl's oidc settings (id-token) where kubelogin belongs",
        ],
        fixes: [
            "pass the access token: kubelogin does",
            "with other tools ask for the scope <server application ID>/.default and take access_token",
        ],
        portal:
            "App registrations → the server application → Expose an API: without a scope there, Entra gives clients no"
            + " access token for it.")

    static let audienceNotAccepted = ReasonEntry(
        sentence: "the token was made for another application",
        hint: "set --server-id in the kubeconfig to an application ID in the configuration's audiences",
        meaning:
            "aud says which application the token was made for, and that is none of the tenant's audiences. Taking it"
            + " would let every other service that gets such tokens use them here.",
        causes: [
            "--server-id in the kubeconfig is another application's",
            "a token for Microsoft Graph or Azure Resource Manager, as `az account get-access-token` gives",
            "an application ID URI (api://…) that is not in the configuration's audiences",
        ],
        fixes: [
            "set --server-id in the kubeconfig to the cluster's application ID, then sign in again",
            "with the Azure CLI: `az account get-access-token --resource <server application ID>`",
            "add the application ID URI to audiences, if it is this cluster's: it is matched exactly",
        ],
        portal: "App registrations → the server application → Overview: Application (client) ID and Application ID URI."
    )

    static let tokenExpired = ReasonEntry(
        sentence: "the token has expired",
        hint: "run `kubelogin remove-cache-dir` or sign in again; for a new token, compare the clocks",
        meaning: "exp is past, by more than limits.clockSkew. Access tokens live for 60 to 90 minutes, some for a day.",
        causes: [
            "a token that was copied or stored, for example token: in a kubeconfig",
            "the sign-in behind kubelogin's cache has ended, or its cache is damaged",
            "the clock of the webhook's host is ahead",
        ],
        fixes: [
            "run `kubelogin remove-cache-dir` or sign in again",
            "use kubelogin as an exec plugin, which gets new tokens by itself",
            "compare the clocks: `timedatectl` on the control-plane nodes, `kube-entra doctor` from a client",
        ],
        portal: "Protection → Conditional Access → Session → Sign-in frequency says how often people must sign in.")

    static let tokenNotYetValid = ReasonEntry(
        sentence: "the token is not valid yet",
        hint: "compare the clocks of this host, of the webhook and of the one that got the token (`timedatectl`)",
        meaning: "nbf lies in the future by more than limits.clockSkew.",
        causes: [
            "the clock of the webhook's host is behind", "the token was made by a host whose clock is ahead",
        ],
        fixes: [
            "compare the clocks: `timedatectl` on the control-plane nodes, `kube-entra doctor` from a client",
            "only if that cannot be: raise limits.clockSkew, to 5m at most",
        ],
        portal: signInLogs)

    static let tokenLifetimeTooLong = ReasonEntry(
        sentence: "the token is valid for longer than is allowed",
        hint: "shorten the token lifetime policy of the server application, or raise maximumTokenLifetime",
        meaning:
            "The time from iat to exp is longer than maximumTokenLifetime (29h by default, which is enough for"
            + " continuous access evaluation and managed identities).",
        causes: [
            "a token lifetime policy in the tenant",
            "maximumTokenLifetime is set shorter than Entra's tokens live",
        ],
        fixes: ["shorten the token lifetime policy of the server application", "raise maximumTokenLifetime"],
        portal: "Token lifetime policies have no page: Microsoft Graph, policies/tokenLifetimePolicies.")
}
