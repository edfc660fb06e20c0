import Authentication
import Entra
import EntraTokens
import Jansson

/// What kind of input it is, with a name for people.
public struct TokenForm: Sendable {
    /// The kind of token, or what the input is instead.
    public let kind: CredentialKind
    /// For people, for example `a v1 access token`.
    public let name: String

    init(
        _ input: TokenInput, evaluation: TokenEvaluation<AllChecks>, header: JSONValue?, claims: EntraClaims?
    ) {
        if let other = input.other, let name = input.otherName {
            kind = other
            self.name = name
        } else if evaluation.reason == .tokenEncrypted {
            (kind, name) = (.encryptedToken, "an encrypted token (JWE)")
        } else if evaluation.headerDocument == nil {
            let looksLikeOne = header != nil
            (kind, name) = looksLikeOne ? (.damagedToken, "a damaged token") : (.garbage, "garbage")
        } else if evaluation.envelope != nil {
            kind = .proofOfPossession
            name = "\(TokenForm.versioned(claims)) access token in a proof-of-possession envelope"
        } else if let claims {
            (kind, name) = TokenForm.named(claims, hasNonce: evaluation.header?.hasNonce == true)
        } else {
            (kind, name) = (.foreignToken, "a JSON Web Token without readable claims")
        }
    }

    private static func named(_ claims: EntraClaims, hasNonce: Bool) -> (CredentialKind, String) {
        if claims.isServiceAccount {
            return (.serviceAccountToken, "a service account's token of a Kubernetes cluster")
        }
        if hasNonce || claims.audience.flatMap(WellKnownApplication.name) == "Microsoft Graph" {
            return (.graphToken, "\(versioned(claims)) access token for Microsoft Graph")
        }
        guard claims.issuer.flatMap(EntraIssuer.init) != nil else {
            return (.foreignToken, "a JSON Web Token that is not from Entra")
        }
        return claims.isAccessToken
            ? (.accessToken, "\(versioned(claims)) access token") : (.idToken, "\(versioned(claims)) ID token")
    }

    private static func versioned(_ claims: EntraClaims?) -> String {
        switch claims?.version {
        case .v1: "a v1"
        case .v2: "a v2"
        case nil: "an"
        }
    }
}

extension EntraClaims {
    /// Whether this is a service account's token, in the current form or the one before Kubernetes 1.24.
    var isServiceAccount: Bool {
        issuer == "kubernetes/serviceaccount" || issuer?.hasPrefix("https://kubernetes.default.svc") == true
            || json["kubernetes.io"] != nil || json["sub"]?.string?.hasPrefix("system:serviceaccount:") == true
    }
}
