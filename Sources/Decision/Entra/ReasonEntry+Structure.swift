/// Reasons found before any part of the token is parsed.
extension ReasonEntry {
    static let tokenMissing = ReasonEntry(
        isForeign: true,
        sentence: "no token was sent",
        hint: "sign in first: the kubeconfig's user needs an exec entry that runs `kubelogin get-token`",
        meaning: "The API server called the webhook with an empty token.",
        causes: ["the kubeconfig's user has no credential", "the exec plugin printed an empty token"],
        fixes: [
            "run the plugin by hand: `kubelogin get-token …` must print an ExecCredential with a token",
            "`kube-entra kubeconfig user` makes a kubeconfig whose user signs in with kubelogin",
        ])

    static let tokenTooLarge = ReasonEntry(
        isForeign: true,
        sentence: "the token is larger than this webhook reads",
        hint:
            "have Entra put fewer groups into the token (groups assigned to the application), or raise limits.tokenBytes",
        meaning: "The token has more bytes than limits.tokenBytes, so nothing of it was read.",
        causes: [
            "very many groups, app roles or optional claims in the token",
            "something else than a token was sent",
        ],
        fixes: [
            "let the server application emit only groups assigned to it: at most 200 fit, and few are needed",
            "raise limits.tokenBytes (and limits.bodyBytes with it) if the token is genuine",
        ],
        portal:
            "App registrations → the server application → Token configuration → Edit groups claim → Groups assigned to"
            + " the application; then Enterprise applications → the same application → Users and groups.")

    static let tokenMalformed = ReasonEntry(
        isForeign: true,
        sentence: "this is not a JSON Web Token",
        hint:
            "pass the whole access token, as `kubelogin get-token` prints it: not a refresh token, a code or a part of it",
        meaning:
            "What was sent is not three parts of base64url with dots between them whose first part is a JSON object."
            + " Nothing of it was believed.",
        causes: [
            "a refresh token, an authorization code, a client secret or a password instead of the access token",
            "a token that was cut off, wrapped or quoted when it was copied",
            "another system's opaque token, for example a bootstrap token with a wrong secret",
        ],
        fixes: [
            "pass the access token as a whole, as `kubelogin get-token …` prints it in status.token",
            "`kube-entra inspect` names what was sent",
        ])

    static let tokenEncrypted = ReasonEntry(
        isForeign: true,
        sentence: "the token is encrypted, so only the resource it was made for can read it",
        hint: "remove the token encryption certificate from the server application, or correct --server-id",
        meaning:
            "The token is a JWE of five parts. Only the resource that holds the private key can read it, and an API"
            + " server or a webhook does not.",
        causes: [
            "the server application has token encryption switched on",
            "the token is for a first-party API, so --server-id is wrong",
        ],
        fixes: [
            "remove the token encryption certificate from the server application",
            "set --server-id in the kubeconfig to the cluster's application ID, then sign in again",
        ],
        portal:
            "Enterprise applications → the server application → Token encryption → deactivate or remove the certificate."
    )
}
