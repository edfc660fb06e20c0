import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import SafeText
import Terminal
import Timestamps

extension CheckDescriber {
    /// What to do about this failure of this token; nil if the reason's own hint is enough.
    func hint(_ check: TokenCheck, _ reason: RefusalReason) -> String? {
        switch check {
        case .size where reason == .tokenMissing: input.otherHint
        case .structure where reason == .tokenMalformed:
            input.otherHint ?? "copy the token again, as a whole and unchanged"
        case .algorithm: "this token is not from Entra: find out who made it, and sign in again with kubelogin"
        case .header: headerHint
        case .key: keyHint
        case .signature where lacksSignature:
            "pass the whole token: `kubelogin get-token …` prints it with its signature, the part after the second dot"
        case .signature where evaluation.header?.hasNonce == true:
            "a token for Microsoft Graph looks like this: its signature is made over something else than is sent"
        case .claims:
            "Entra does not issue such a token by itself: look for a claims-mapping policy (Enterprise applications → the"
                + " server application → Single sign-on → Attributes & Claims), or for who else made it"
        case .issuer: issuerHint
        case .tenant where hasFailed(.issuer): tenantHint
        case .keyIssuer where reason == .keyIssuerMismatch:
            "sign in to the tenant \(tenantText); if its keys are from a file, fetch them again: `\(fetchCommand)`"
        case .tokenKind where hasConfiguration && trust != nil:
            "pass the access token and not the ID token: kubelogin does; with other tools ask for the scope"
                + " \(serverID)/.default"
        case .audience: audienceHint
        case .expiry: expiryHint
        case .notBefore:
            "compare the clocks of this host, of the webhook's and of the one that got the token: `timedatectl`"
        case .clientApp: clientHint
        case .subjectKind where evaluation.kind == .guest:
            "sign in with an account of the tenant itself, or add guest to the tenant's subjects"
        case .subjectKind where evaluation.kind.map { [.app, .managedIdentity].contains($0) } ?? false:
            "sign in as a person (kubelogin --login devicecode), or add \(evaluation.kind?.rawValue ?? "") to the"
                + " tenant's subjects"
        case .denyList: deniedHint
        case .groups where reason == .groupOverage: overageHint
        case .username: "change the user principal name or usernamePrefix, or set kubernetes.username: oid"
        case .proofOfPossession: proofHint(reason)
        default: nil
        }
    }

    private var deniedHint: String? {
        guard let passes = evaluation.denial?.newSignInPasses else { return nil }
        return
            "run `kubelogin remove-cache-dir` and sign in again \(RelativeTime.describe(passes, now: now)) or later: a new"
            + " sign-in passes from \(passes.rfc3339)"
    }

    /// The application for which tokens must be issued, in the form of `--server-id`.
    private var serverID: String {
        guard hasConfiguration, let trust else { return "this cluster's application ID" }
        let audience = trust.audiences.first { GUID($0.text) != nil } ?? trust.audiences.first
        return audience?.text ?? "this cluster's application ID"
    }

    private var tenantText: String { trust.map { "\($0.tenantID)" } ?? "that this cluster trusts" }

    private var tenantHint: String {
        "set --tenant-id in the kubeconfig to \(tenantText), run `kubelogin remove-cache-dir`, and sign in again"
    }

    private var headerHint: String {
        let forbidden = evaluation.header?.forbidden ?? []
        if forbidden.contains("nonce") {
            return "set --server-id in the kubeconfig to \(serverID), then sign in again"
        }
        if forbidden == ["typ"] { return "pass the access token as kubelogin prints it" }
        return "Entra does not issue such tokens: treat it as forged, and find out where it comes from"
    }

    private var keyHint: String {
        if hasFailed(.issuer) { return "it is another issuer's key: see the check of the issuer" }
        return
            "fetch the keys again (`\(fetchCommand)`): Entra changes them; if that does not help, the token is of another"
            + " tenant or cloud, or forged"
    }

    /// The command that saves the keys of the token's tenant. Keys of an unknown issuer are never fetched.
    var fetchCommand: String {
        guard let trust, hasConfiguration || trust.authority == nil else { return "kube-entra keys fetch" }
        var command = "kube-entra keys fetch --tenant-id \(trust.tenantID)"
        if let authority = trust.authority {
            command += " --authority \(ShellWord.quoted(authority))"
        } else if trust.cloud != .public {
            command += " --cloud \(trust.cloud.rawValue)"
        }
        return command + " --out keys.json"
    }

    private var issuerHint: String? {
        guard let issuer = claims?.issuer else { return "sign in with kubelogin: Entra's tokens name their issuer" }
        if claims?.isServiceAccount == true {
            return "use it at its own cluster; to sign in to this one, run `kubelogin get-token`"
        }
        guard hasConfiguration else { return "sign in with kubelogin: this token is another system's" }
        let several = settings.tenants.count > 1
        switch RelatedIssuer(issuer, tenants: settings.tenants.map(\.trust)) {
        case .otherVersion: return "treat it as forged, and sign in again with kubelogin"
        case .otherCloud(let tenant, _):
            return "set --environment in the kubeconfig to \(cloudOf(tenant).kubeloginEnvironment), then sign in again"
        case .otherTenant:
            if several { return "set --tenant-id in the kubeconfig to one of these tenants, then sign in again" }
            return "set --tenant-id in the kubeconfig to \(settings.tenants[0].trust.tenantID), run `kubelogin"
                + " remove-cache-dir`, and sign in again"
        case .unlike:
            return "sign in with kubelogin get-token; if this issuer is a private cloud's, set the tenant's authority"
        }
    }

    private var audienceHint: String {
        if hasConfiguration, let id = claims?.audience.flatMap({ GUID($0) }),
            trust?.audiences.contains(where: { GUID.inApplicationIDURI($0.text) == id }) == true
        {
            return "add \(id) to the tenant's audiences: tokens of version 2.0 carry the application's ID alone, never"
                + " its URI"
        }
        if claims?.audience?.contains(serverID) == true {
            return "add \(quoted(claims?.audience)) to the tenant's audiences, or set --server-id in the kubeconfig to"
                + " \(serverID)"
        }
        if WellKnownApplication.name(claims?.clientAppID ?? "") == "Azure CLI" {
            return
                "set --server-id in the kubeconfig to \(serverID), then sign in again; with the Azure CLI: `az account"
                + " get-access-token --resource \(serverID)`"
        }
        return "the kubeconfig's --server-id must be \(serverID); correct it, then sign in again"
    }

    private var expiryHint: String {
        let ago = claims?.expires.map { now.seconds(since: $0) } ?? 0
        let clocks = ago < 900 ? "; if it is a new one, compare the clocks: `timedatectl`" : ""
        return "run `kubelogin remove-cache-dir` or sign in again" + clocks
    }

    private var clientHint: String {
        let allowed = trust?.allowedClientAppIDs.map(\.description) ?? []
        let ids = allowed.isEmpty ? "an allowed application" : allowed.joined(separator: " or ")
        return "set --client-id in the kubeconfig to \(ids), or add this one to allowedClientAppIDs"
    }

    private var overageHint: String {
        "in the Entra admin center, let the server application emit only groups assigned to it (Token configuration), or"
            + " use app roles; or set groupOverage: resolve (asks Microsoft Graph) or ignore"
    }

    private func proofHint(_ reason: RefusalReason) -> String? {
        let host = trust?.clusterHost ?? "<cluster host>"
        if reason == .proofOfPossessionRequired {
            return "pass what kubelogin prints with --pop-enabled --pop-claims \"u=\(host)\""
        }
        return switch evaluation.proofProblem {
        case .host: "set --pop-claims \"u=\(host)\" in the kubeconfig, then sign in again"
        case .time: "get a new one: an envelope is taken for 15 minutes; and compare the clocks: `timedatectl`"
        case .key, .signature: "run `kubelogin remove-cache-dir`, then sign in again with --pop-enabled"
        case .header, .nonce, nil: nil
        }
    }

    // MARK: Notes

    /// Facts that are not checks, and what to do about them.
    var notes: [String] {
        var notes: [String] = []
        if evaluation.envelope != nil {
            notes.append("a proof-of-possession envelope; what follows is the token inside")
        }
        guard let claims else { return notes }
        if !hasConfiguration, claims.groups.hasOverage {
            notes.append("more than 200 groups: the token lists none, so \(overageHint)")
        }
        if evaluation.kind == .user, claims.userPrincipalName == nil, settings.kubernetes.username.isByUserPrincipalName
        {
            let version = claims.version == .v2 ? "v2 token" : "token"
            notes.append(
                "\(version) without a upn claim: the user is named by object ID; to change that, add the optional claim"
                    + " upn to the server application's access tokens (App registrations → Token configuration)")
        }
        if claims.isAccessToken, claims.json["groups"] == nil, !claims.groups.hasOverage, claims.roles.isEmpty {
            notes.append(
                "the token has no groups claim, so no group gives anything: let the server application emit groups"
                    + " (App registrations → Token configuration → Add groups claim), unless this one is in none")
        }
        if evaluation.reason == nil, evaluation.groupResolution != nil {
            notes.append(
                "more than 200 groups: serve asks Microsoft Graph for them; where that fails, emergency access alone counts"
            )
        }
        if hasConfiguration, let tenant = evaluation.tenant {
            let mapped = Set(tenant.policy.appRoleMappings.map(\.appRole))
            let unmapped = claims.roles.filter { !mapped.contains(ExactText($0)) }
            if !unmapped.isEmpty {
                let names = unmapped.prefix(5).map { shown($0) }.joined(separator: ", ")
                notes.append(
                    (unmapped.count == 1 ? "the app role \(names) gives" : "the app roles \(names) give")
                        + " nothing: no appRoleMappings entry names " + (unmapped.count == 1 ? "it" : "them"))
            }
        }
        if claims.groups.droppedCount > 0 {
            notes.append(
                (claims.groups.droppedCount == 1
                    ? "1 value in groups is no object ID and was"
                    : "\(claims.groups.droppedCount) values in groups are no object IDs and were")
                    + " dropped: let the server application emit Group ID (Token configuration → Edit groups claim)")
        }
        if !hasConfiguration, let issuer = claims.issuer.flatMap(EntraIssuer.init), issuer.cloud == nil {
            notes.append("the issuer is in the form of Entra's, but of none of its clouds: \(shown(issuer.base))")
        }
        return notes
    }
}
