extension RefusalReason {
    /// What is wrong, for people. Holds no value of the token.
    public var sentence: String {
        switch self {
        case .tokenMissing: "no token was sent"
        case .tokenTooLarge: "the token is larger than this webhook reads"
        case .tokenMalformed: "this is not a JSON Web Token"
        case .tokenEncrypted: "the token is encrypted, so only the resource it was made for can read it"
        case .algorithmNotAllowed: "the token is not signed with RS256, the algorithm that Entra signs with"
        case .headerNotAllowed: "the token's header asks for something that access tokens for a cluster never need"
        case .keyIDMissing: "the token's header does not name the key that signed it"
        case .keyNotFound: "the token is signed with a key that the tenant does not publish"
        case .keysUnavailable: "the tenant's signing keys are not available, so no token can be checked"
        case .signatureInvalid: "the token's signature is wrong"
        case .claimsMalformed: "a claim that is needed is missing or has the wrong form"
        case .issuerNotTrusted: "the token was not issued by a configured tenant"
        case .tenantMismatch: "the token's tenant is not the one that its issuer stands for"
        case .keyIssuerMismatch: "the key that signed the token does not belong to the token's tenant"
        case .tokenKindNotAccepted: "this is an ID token or another token that is not meant for access"
        case .audienceNotAccepted: "the token was made for another application"
        case .tokenExpired: "the token has expired"
        case .tokenNotYetValid: "the token is not valid yet"
        case .tokenLifetimeTooLong: "the token is valid for longer than is allowed"
        case .clientAppNotAllowed: "the application that asked for the token is not allowed"
        case .subjectKindNotAllowed: "this kind of principal may not sign in"
        case .subjectMissing: "the token does not carry an object ID"
        case .requiredClaimMissing: "a claim that the configuration requires is missing"
        case .requiredClaimMismatch: "a claim that the configuration requires has another value"
        case .groupOverage: "the principal is in more groups than its token can list"
        case .groupsMalformed: "the token's groups are not a list of texts"
        case .groupResolutionFailed: "the principal's groups could not be asked for"
        case .usernameReserved: "the user name would begin with system:, which is reserved"
        case .proofOfPossessionRequired: "the token must come in a proof-of-possession envelope"
        case .proofOfPossessionNotAccepted: "proof-of-possession tokens are not accepted here"
        case .proofOfPossessionInvalid: "the proof of possession is wrong"
        case .proofOfPossessionReplayed: "the proof of possession was used before"
        }
    }

    /// What to do about it, for the engineer on call.
    public var hint: String {
        switch self {
        case .tokenMissing:
            "sign in first: the kubeconfig's user needs an exec entry that runs `kubelogin get-token`"
        case .tokenTooLarge:
            "have Entra put fewer groups into the token (groups assigned to the application), or raise limits.tokenBytes"
        case .tokenMalformed:
            "pass the whole access token, as `kubelogin get-token` prints it: not a refresh token, a code or a part of it"
        case .tokenEncrypted:
            "remove the token encryption certificate from the server application, or correct --server-id"
        case .algorithmNotAllowed:
            "the token is not from Entra: find out who made it, run `kubelogin remove-cache-dir` and sign in again"
        case .headerNotAllowed:
            "with a nonce in the header it is a token for Microsoft Graph: set --server-id to this cluster's application ID;"
                + " else it is not from Entra"
        case .keyIDMissing:
            "the token is not from Entra: find out who made it, run `kubelogin remove-cache-dir` and sign in again"
        case .keyNotFound:
            "fetch the keys again if they come from a file (`kube-entra keys fetch`); else the token is from another tenant"
                + " or cloud, or forged"
        case .keysUnavailable:
            "make the tenant's sign-in address reachable from the webhook over HTTPS: /readyz?verbose and the log say why"
                + " it is not"
        case .signatureInvalid:
            "the token was changed on its way or forged: run `kubelogin remove-cache-dir` and sign in again"
        case .claimsMalformed:
            "run `kube-entra inspect` on the token to see which claim it is"
        case .issuerNotTrusted:
            "set kubelogin's --tenant-id and --environment to a tenant and cloud that this cluster trusts"
        case .tenantMismatch:
            "sign in again to the configured tenant (kubelogin's --tenant-id); Entra does not issue such a token"
        case .keyIssuerMismatch:
            "sign in to the configured tenant; if the tenant's keys come from a file, fetch them again"
        case .tokenKindNotAccepted:
            "pass the access token and not the ID token: kubelogin does; with other tools ask for the scope"
                + " <server application ID>/.default"
        case .audienceNotAccepted:
            "set --server-id in the kubeconfig to an application ID in the configuration's audiences"
        case .tokenExpired:
            "run `kubelogin remove-cache-dir` or sign in again; for a new token, compare the clocks"
        case .tokenNotYetValid:
            "compare the clocks of this host, of the webhook and of the one that got the token (`timedatectl`)"
        case .tokenLifetimeTooLong:
            "shorten the token lifetime policy of the server application, or raise maximumTokenLifetime"
        case .clientAppNotAllowed:
            "set kubelogin's --client-id to an allowed application, or add this one to allowedClientAppIDs"
        case .subjectKindNotAllowed:
            "sign in as another kind of principal, or add this kind to the tenant's subjects"
        case .subjectMissing:
            "have the server application issue oid, which Entra leaves out of tokens for personal accounts and of tokens"
                + " without the profile scope"
        case .requiredClaimMissing:
            "add the claim to the server application's access tokens (optional claims), or drop it from requiredClaims"
        case .requiredClaimMismatch:
            "sign in as someone whose token carries an accepted value, or add the value to requiredClaims"
        case .groupOverage:
            "emit only groups assigned to the application, use app roles, or set groupOverage: resolve or ignore"
        case .groupsMalformed:
            "set the server application's groups claim to security groups, as Group ID"
        case .groupResolutionFailed:
            "check the directory settings, its consent and its secret: Microsoft Graph's answer is in the log"
        case .usernameReserved:
            "change the user principal name or usernamePrefix, or set kubernetes.username: oid"
        case .proofOfPossessionRequired:
            "run kubelogin with --pop-enabled and --pop-claims \"u=<cluster host>\""
        case .proofOfPossessionNotAccepted:
            "run kubelogin without --pop-enabled, or set proofOfPossession: accept"
        case .proofOfPossessionInvalid:
            "compare --pop-claims with clusterHost, and the clocks, then sign in again"
        case .proofOfPossessionReplayed:
            "sign in again: each envelope is taken once"
        }
    }
}
