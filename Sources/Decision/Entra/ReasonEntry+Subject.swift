/// Reasons about who signs in, and with which client application.
extension ReasonEntry {
    private static let optionalClaims =
        "App registrations → the server application → Token configuration → Add optional claim → Access."

    static let clientAppNotAllowed = ReasonEntry(
        sentence: "the application that asked for the token is not allowed",
        hint: "set kubelogin's --client-id to an allowed application, or add this one to allowedClientAppIDs",
        meaning:
            "appid (v1) or azp (v2) is the application that asked for the token, and allowedClientAppIDs does not name it.",
        causes: ["another tool than the expected one asked for the token, for example the Azure CLI"],
        fixes: [
            "set --client-id in the kubeconfig to an allowed application",
            "add the application to allowedClientAppIDs",
        ],
        portal: "App registrations → the server application → Expose an API → Authorized client applications.")

    static let subjectKindNotAllowed = ReasonEntry(
        sentence: "this kind of principal may not sign in",
        hint: "sign in as another kind of principal, or add this kind to the tenant's subjects",
        meaning:
            "The token speaks for a kind of principal that the tenant's subjects do not list. Agents and devices are"
            + " never taken by default.",
        causes: [
            "a guest, an application, a managed identity or an agent where only the tenant's users may sign in",
            "--login azurecli with a service principal signed in to the Azure CLI",
        ],
        fixes: [
            "sign in as another kind of principal: for a person, kubelogin --login devicecode or interactive",
            "add the kind to the tenant's subjects, and mind that its groups may make it admin",
        ],
        portal: "Users → the account → Overview shows the user type; Enterprise applications lists applications.")

    static let subjectMissing = ReasonEntry(
        sentence: "the token does not carry an object ID",
        hint:
            "have the server application issue oid, which Entra leaves out of tokens for personal accounts and of tokens"
            + " without the profile scope",
        meaning:
            "oid is missing or not an object ID. A principal is known by its tenant and its object ID and by nothing else:"
            + " names can be chosen by anybody.",
        causes: [
            "a personal Microsoft account, which has no object in the tenant",
            "a client that does not ask for the profile scope",
            "a claims-mapping policy that replaces oid",
        ],
        fixes: [
            "sign in with an account of the tenant",
            "have the client ask for <server application ID>/.default, as kubelogin does",
        ],
        portal: "App registrations → the server application → API permissions: openid and profile of Microsoft Graph.")

    static let requiredClaimMissing = ReasonEntry(
        sentence: "a claim that the configuration requires is missing",
        hint:
            "add the claim to the server application's access tokens (optional claims), or drop it from requiredClaims",
        meaning: "requiredClaims names a claim that this token does not carry at all.",
        causes: [
            "the claim is not among the server application's optional claims",
            "the claim does not exist for this kind of principal, or has no value for this one",
            "the name in requiredClaims is misspelt: case counts",
        ],
        fixes: ["add the claim to the server application's access tokens", "drop it from requiredClaims"],
        portal: optionalClaims)

    static let requiredClaimMismatch = ReasonEntry(
        sentence: "a claim that the configuration requires has another value",
        hint: "sign in as someone whose token carries an accepted value, or add the value to requiredClaims",
        meaning:
            "requiredClaims names a claim whose value in this token is none of the accepted ones. Of a list, one"
            + " element must be accepted.",
        causes: [
            "somebody else than intended signs in",
            "an authentication context (acrs) or a device claim that this sign-in did not satisfy",
            "a number or boolean in the token where requiredClaims has it in quotes, or the other way round",
        ],
        fixes: [
            "sign in as someone, or in a way, whose token carries an accepted value",
            "add the value to requiredClaims",
        ],
        portal: optionalClaims)

    static let usernameReserved = ReasonEntry(
        sentence: "the user name would begin with system:, which is reserved",
        hint: "change the user principal name or usernamePrefix, or set kubernetes.username: oid",
        meaning:
            "The user name would begin with system:, which Kubernetes reserves for its own parts; nobody gets such a"
            + " name from Entra.",
        causes: ["a user principal name that begins with system:, or usernamePrefix makes it one"],
        fixes: ["change the user principal name", "set kubernetes.username: oid", "change usernamePrefix"],
        portal: "Users → the account → Properties → User principal name.")
}
