/// Reasons found before any claim is trusted: header, key and signature.
extension ReasonEntry {
    /// What to do about a token that Entra did not issue.
    private static let ofUnknownOrigin = [
        "find out where the token comes from: its issuer and its client application stand in `kube-entra inspect`",
        "run `kubelogin remove-cache-dir` and sign in again",
        "if many such tokens arrive, look for their source in the API server's audit log",
    ]

    /// Where the Entra admin center lists every sign-in.
    static let signInLogs =
        "Monitoring & health → Sign-in logs: the request ID or the token's uti (\"Unique token identifier\") finds the"
        + " sign-in, with the user, the client application, the resource and what Conditional Access did."

    static let algorithmNotAllowed = ReasonEntry(
        sentence: "the token is not signed with RS256, the algorithm that Entra signs with",
        hint: "the token is not from Entra: find out who made it, run `kubelogin remove-cache-dir` and sign in again",
        meaning:
            "The header's alg is missing or not RS256. Entra signs access tokens with RS256; taking anything else, or"
            + " none, is how tokens are forged.",
        causes: ["the token was not issued by Entra", "somebody tries to forge a token"],
        fixes: ofUnknownOrigin)

    static let headerNotAllowed = ReasonEntry(
        sentence: "the token's header asks for something that access tokens for a cluster never need",
        hint:
            "with a nonce in the header it is a token for Microsoft Graph: set --server-id to this cluster's application ID;"
            + " else it is not from Entra",
        meaning:
            "The header has a member that no access token for a cluster has: a key or its address (jwk, jku, x5c,"
            + " x5u), an extension (crit, b64), compression (zip), a nested token (cty), another type (typ), or a"
            + " nonce. None of them is ever honoured or fetched.",
        causes: [
            "a token for Microsoft Graph: it has a nonce in its header, and its signature cannot be checked by others",
            "a proof-of-possession envelope or another token type where an access token is wanted",
            "a header that brings its own key, as forgeries do",
        ],
        fixes: [
            "set --server-id in the kubeconfig to the cluster's application ID, not to Microsoft Graph",
            "with the Azure CLI: `az account get-access-token --resource <server application ID>`",
        ],
        portal: "App registrations → the server application → Overview shows its Application (client) ID.")

    static let keyIDMissing = ReasonEntry(
        sentence: "the token's header does not name the key that signed it",
        hint: "the token is not from Entra: find out who made it, run `kubelogin remove-cache-dir` and sign in again",
        meaning:
            "The header has no kid, so it does not say which of the tenant's keys signed the token. Entra always says it.",
        causes: ["the token was not issued by Entra", "somebody tries to forge a token"],
        fixes: ofUnknownOrigin)

    static let keyNotFound = ReasonEntry(
        sentence: "the token is signed with a key that the tenant does not publish",
        hint:
            "fetch the keys again if they come from a file (`kube-entra keys fetch`); else the token is from another tenant"
            + " or cloud, or forged",
        meaning:
            "The token names a key ID (kid) that is not in the key set of any configured tenant. An unknown key ID"
            + " makes the webhook fetch the keys, at most once in unknownKeyRefreshInterval.",
        causes: [
            "Entra has just changed its keys, and a key file is older than that",
            "the token is from another tenant or cloud",
            "the server application has a signing key of its own",
            "a forged token",
        ],
        fixes: [
            "offline: fetch the keys again with `kube-entra keys fetch`",
            "online: see the log and `kube_entra_signing_key_refreshes_total` for failed fetches",
            "compare the token's issuer with the configured tenants",
        ],
        portal:
            "Enterprise applications → the server application → Single sign-on: a signing certificate there means keys"
            + " of its own.")

    static let keysUnavailable = ReasonEntry(
        sentence: "the tenant's signing keys are not available, so no token can be checked",
        hint:
            "make the tenant's sign-in address reachable from the webhook over HTTPS: /readyz?verbose and the log say why"
            + " it is not",
        meaning:
            "The webhook has no signing keys of the token's tenant that are young enough to be believed, so it can"
            + " check none of its tokens. /readyz fails if that is so for all tenants.",
        causes: [
            "the webhook's host cannot reach the sign-in address: firewall, proxy, DNS or TLS inspection",
            "Entra has been unreachable for longer than signingKeys.maximumAge",
            "the webhook was restarted during an outage, without a cacheFile",
        ],
        fixes: [
            "ask /readyz?verbose on the operations address for the cause",
            "set signingKeys.proxy or HTTPS_PROXY; for TLS inspection, authorityCA",
            "set signingKeys.cacheFile, so that a restart during an outage finds keys",
            "as a stopgap, copy a file that `kube-entra keys fetch` wrote elsewhere, and set signingKeys.file",
        ])

    static let signatureInvalid = ReasonEntry(
        sentence: "the token's signature is wrong",
        hint: "the token was changed on its way or forged: run `kubelogin remove-cache-dir` and sign in again",
        meaning:
            "The key that the token names is known, and the signature is not that key's signature of this token.",
        causes: [
            "the token was changed, cut off or put together after it was signed",
            "a token for Microsoft Graph, which is signed over something else than is sent",
            "the key file belongs to something else than Entra",
            "a forged token",
        ],
        fixes: ofUnknownOrigin,
        portal: signInLogs)

    static let keyIssuerMismatch = ReasonEntry(
        sentence: "the key that signed the token does not belong to the token's tenant",
        hint: "sign in to the configured tenant; if the tenant's keys come from a file, fetch them again",
        meaning:
            "The signature is right, but the key is one that another tenant or issuer publishes, and not this token's.",
        causes: [
            "a key file of another tenant",
            "the keys of one tenant's file lag behind Entra's",
            "somebody who controls one configured tenant signs tokens in the name of another",
        ],
        fixes: [
            "fetch the keys of each tenant again: `kube-entra keys fetch --tenant-id …`",
            "sign in to the configured tenant",
        ],
        portal: signInLogs)
}
