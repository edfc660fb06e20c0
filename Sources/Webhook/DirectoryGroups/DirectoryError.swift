public import HTTPSClient

/// Why the directory has no answer about a principal.
public enum DirectoryError: Error, Hashable, Sendable {
    case secretUnreadable
    /// The environment names another metadata service in an invalid form.
    case metadataServiceUnusable
    case token(HTTPSError)
    /// Entra refuses to issue a token to this application.
    case tokenRefused(status: Int)
    case graph(HTTPSError)
    case unauthorized
    case forbidden
    case principalUnknown
    /// The directory wants no more requests for that time.
    case throttled(seconds: Int64)
    case malformed
    case foreignNextLink
    case tooMany
    case deadline
    /// Too many principals are being asked about.
    case busy
    /// The directory failed repeatedly and is not asked for some time.
    case circuitOpen

    /// What is wrong and what to do, for the log.
    public var sentence: String {
        switch self {
        case .secretUnreadable: "the directory's secret, certificate or token file cannot be read"
        case .metadataServiceUnusable:
            "AZURE_POD_IDENTITY_AUTHORITY_HOST must be http:// and an address of this host or a link-local one"
        case .token(let error): "no token for Microsoft Graph: \(error.sentence)"
        case .tokenRefused(let status):
            "Entra refuses a token for Microsoft Graph with status \(status): check clientID and its secret, certificate"
                + " or federated credential"
        case .graph(let error): "Microsoft Graph: \(error.sentence)"
        case .unauthorized: "Microsoft Graph does not accept the application's token"
        case .forbidden:
            "Microsoft Graph refuses: grant the application GroupMember.Read.All with User.Read.All (for applications"
                + " Application.Read.All), or Directory.Read.All, and admin consent"
        case .principalUnknown: "Microsoft Graph does not know the principal"
        case .throttled(let seconds):
            "Microsoft Graph wants no question for \(seconds) s, which is more than a review can wait"
        case .malformed: "Microsoft Graph's answer is not what it should be"
        case .foreignNextLink: "Microsoft Graph's answer goes on at another host, which is not followed"
        case .tooMany: "the principal is in more groups than are read"
        case .deadline: "Microsoft Graph did not answer within the time of a review"
        case .busy: "too many principals are being asked about at once"
        case .circuitOpen: "Microsoft Graph has failed several times and is left alone for a moment"
        }
    }

    /// Whether the failure may concern only this principal, although it often concerns all of them.
    var mayBeThePrincipals: Bool {
        switch self {
        case .forbidden, .deadline: true
        default: false
        }
    }

    /// Whether Graph has answered about the principal, so that its earlier answer is no longer true. An answer is not
    /// an outage.
    var isAnswer: Bool {
        switch self {
        case .principalUnknown, .unauthorized, .forbidden, .graph(.status(400)): true
        case .secretUnreadable, .metadataServiceUnusable, .token, .tokenRefused, .graph, .throttled, .malformed,
            .foreignNextLink, .tooMany, .deadline, .busy, .circuitOpen:
            false
        }
    }

    /// Whether another principal's request would probably fail too.
    var isOutage: Bool {
        switch self {
        case .graph(.tooLarge), .graph(.status(400)), .principalUnknown, .malformed, .foreignNextLink, .tooMany, .busy,
            .circuitOpen:
            false
        default: true
        }
    }
}
