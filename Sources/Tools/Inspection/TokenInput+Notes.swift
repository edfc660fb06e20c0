import Entra

extension TokenInput {
    /// What the input is instead of a token; nil if it may be a token.
    var otherName: String? {
        switch other {
        case .nothing: "nothing"
        case .notText: "no text"
        case .refreshToken: "a refresh token or an authorization code of Entra"
        case .authorizationCode: "an authorization code"
        case .deviceLogin: "the invitation to a device-code sign-in"
        case .signInError: "an error of Entra, \(errorCode ?? "")"
        case .bootstrapToken: "a bootstrap token of a Kubernetes cluster"
        case .clientSecret: "a client secret, by its form"
        case .pem: "a certificate or a key in PEM"
        case .markup: "HTML or XML"
        case .kubeconfig: "a kubeconfig without a token in it"
        case .json: "JSON without an access token in it"
        case .garbage: "garbage"
        case .accessToken, .idToken, .graphToken, .proofOfPossession, .encryptedToken, .serviceAccountToken,
            .foreignToken, .damagedToken, nil:
            nil
        }
    }

    /// The same as a sentence.
    var otherSentence: String? {
        switch other {
        case .nothing: "there is nothing here"
        case .notText: "this is not text, so it is not a token"
        case .refreshToken:
            "this is a refresh token or an authorization code: it cannot be read, and it never belongs in a cluster"
        case .authorizationCode: "this is an authorization code: a step of a sign-in and not its result"
        case .deviceLogin: "this asks for a sign-in in the browser: it is not the token that comes of it"
        case .signInError:
            "this is Entra's error \(errorCode ?? "") and no token: " + (errorAdvice?.meaning ?? "the sign-in failed")
        case .bootstrapToken: "this is a bootstrap token, by which nodes join a cluster, and not Entra's"
        case .clientSecret: "this looks like a client secret: an application asks for tokens with it"
        case .pem: "this is a certificate or a key and no token"
        case .markup: "this is HTML or XML and no token: a page of a proxy or of a sign-in, or a SAML assertion"
        case .kubeconfig: "this is a kubeconfig, and there is no token in it"
        case .json: "this is JSON, but there is no access token in it"
        case .garbage: "this is garbage: no token of any kind that is known here"
        case .accessToken, .idToken, .graphToken, .proofOfPossession, .encryptedToken, .serviceAccountToken,
            .foreignToken, .damagedToken, nil:
            nil
        }
    }

    /// What to do about it.
    var otherHint: String? {
        switch other {
        case .nothing: "pipe a token in: kubelogin get-token … | kube-entra inspect"
        case .refreshToken, .authorizationCode, .clientSecret:
            "pass the access token, which `kubelogin get-token …` prints; this one is a secret of long life: do not"
                + " send it to anybody"
        case .deviceLogin: "finish the sign-in in the browser, then pass what kubelogin prints"
        case .signInError: errorAdvice?.hint ?? SignInError.lookUp
        case .bootstrapToken: "pass the access token, which `kubelogin get-token …` prints"
        case .kubeconfig: "`kube-entra doctor --kubeconfig FILE` signs in with it and explains the token"
        case .json: "pass the output of `kubelogin get-token …`, or the token by itself"
        case .notText, .pem, .markup, .garbage:
            "pass the access token: `kubelogin get-token …` prints it; it begins with eyJ and has two dots"
        case .accessToken, .idToken, .graphToken, .proofOfPossession, .encryptedToken, .serviceAccountToken,
            .foreignToken, .damagedToken, nil:
            nil
        }
    }

    private var errorAdvice: (meaning: String, hint: String)? { errorCode.flatMap(SignInError.advice) }

    /// What contained the token; nil for a token by itself.
    public var origin: String? {
        switch wrapping {
        case .none: nil
        case .bearer: "an Authorization header"
        case .quotes: "quotation marks"
        case .field: "a field named token"
        case .execCredential: "an ExecCredential"
        case .tokenCache: "a token cache"
        case .azureCLI: "the Azure CLI's output"
        case .tokenResponse: "a token endpoint's answer"
        case .tokenReview: "a TokenReview"
        case .kubeconfig: "a kubeconfig"
        case .redirect: "a redirect address"
        case .variable: "a shell variable"
        }
    }

    /// What was done to find the token.
    var notes: [String] {
        var notes: [String] = []
        if choices > 1 {
            notes.append(
                "the \(wrapping == .kubeconfig ? "first" : "newest") of \(choices) tokens in \(origin ?? "it")")
        }
        if other == nil {
            switch encoding {
            case .utf8: break
            case .utf8WithMark:
                notes.append("a byte order mark was taken out; with it, an API server takes the token for garbage")
            case .utf16:
                notes.append("it was read as UTF-16, as PowerShell writes; an API server takes that for garbage")
            }
        }
        if other == nil, hadLineBreaks {
            notes.append("line breaks inside the token were taken out; with them, an API server takes it for garbage")
        }
        return notes
    }
}
