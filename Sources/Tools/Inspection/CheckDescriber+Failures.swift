import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import OpenSSL
import SafeText
import Terminal
import Timestamps

extension CheckDescriber {
    /// What is wrong, with the values: a sentence that is complete by itself.
    func failure(_ check: TokenCheck, _ reason: RefusalReason) -> String {
        switch check {
        case .size where reason == .tokenTooLarge:
            "the token has \(input.token.count) bytes, and at most \(settings.tokenBytes) are read"
        case .size: input.otherSentence ?? reason.sentence
        case .structure: structureFailure(reason)
        case .algorithm:
            "alg is \(quoted(evaluation.header?.algorithm)); Entra signs with RS256, and nothing else is taken"
        case .header: headerFailure
        case .keyID: "the header has no kid, so it does not say which key signed the token"
        case .key: "signed with the key \(quoted(evaluation.header?.keyID)), \(notAmongKeys)"
        case .signature where lacksSignature:
            "the signature is missing: the token was cut, or printed by a tool that hides the signature"
        case .signature:
            StructureProblem.cutOffSignature(signatureBytes)
                ?? "the signature does not fit the key \(quoted(evaluation.header?.keyID))"
        case .claims:
            claims.map { claims in claims.malformed.map { malformed($0, claims) }.joined(separator: "; ") }
                ?? "the claims are not a JSON object"
        case .issuer: issuerFailure
        case .tenant: tenantFailure
        case .keyIssuer: "the key \(quoted(evaluation.header?.keyID)) is another tenant's than the token's"
        case .tokenKind: "an ID token: it has neither appid nor azp, so it says who signed in and gives no access"
        case .audience:
            "audience is \(claims?.audience.map(WellKnownApplication.described) ?? "missing"); this cluster takes "
                + (trust?.audiences.map { WellKnownApplication.described($0.text) }.joined(separator: ", ") ?? "none")
        case .expiry: claims?.expires.map { "expired \(moment($0))" } ?? reason.sentence
        case .notBefore: claims?.notBefore.map { "not valid yet: valid \(moment($0))" } ?? reason.sentence
        case .lifetime: "\(lifetime); the longest allowed is \(RelativeTime.span(trust?.maximumTokenLifetime ?? 0))"
        case .clientApp:
            "asked for by \(claims?.clientAppID.map(WellKnownApplication.described) ?? "nobody"); allowed are "
                + (trust?.allowedClientAppIDs.map { WellKnownApplication.described($0.description) }
                    .joined(separator: ", ") ?? "none")
        case .subjectKind: subjectFailure
        case .subject:
            "oid is \(quoted(claims?.json["oid"]?.string))" + (claims?.objectID == nil ? "" : ", which is no object ID")
        case .denyList: denied
        case .account: reason.sentence
        case .requiredClaims: requiredClaim(reason)
        case .groups where reason == .groupOverage: overage
        case .groups: "groups is \(groupsForm), and not a list of strings"
        case .username:
            "the user name would be \(quoted(settings.kubernetes.usernamePrefix + (claims?.userPrincipalName ?? "")))"
        case .proofOfPossession: proofFailure(reason)
        }
    }

    private var denied: String {
        guard let entry = evaluation.denial else { return RefusalReason.principalDenied.sentence }
        var text = "denied by \(entry.kind.rawValue) \(shown(entry.id))"
        if let bound = entry.issuedBefore { text += ", for tokens issued before \(bound.rfc3339)" }
        if let until = entry.until { text += ", until \(until.rfc3339)" }
        return text + ": " + PrintableText.clean(entry.reason, maximum: 256)
    }

    private func structureFailure(_ reason: RefusalReason) -> String {
        if let sentence = input.otherSentence, input.other != .garbage { return sentence }
        if reason == .tokenEncrypted {
            return "an encrypted token (JWE): only the resource it was made for can read it"
        }
        let inner = evaluation.envelope?.accessToken.withUnsafeBytes { Array($0) }
        let problem = StructureProblem.describe(inner ?? input.token)
        if input.other == .garbage { return "garbage: " + (problem ?? "no token of any kind that is known here") }
        let subject = evaluation.envelope == nil ? "no JSON Web Token: " : "no JSON Web Token in the envelope: "
        return subject + (problem ?? "the header is not JSON that a token may have")
    }

    private var headerFailure: String {
        let forbidden = evaluation.header?.forbidden ?? []
        if forbidden.contains("nonce") {
            return
                "the header carries a nonce, so the token is for Microsoft Graph, and its signature cannot be checked"
                + " as it stands"
        }
        if forbidden == ["typ"] {
            let type = evaluation.headerDocument?.root["typ"]?.string
            return "typ is \(quoted(type ?? "not a string")); an access token has JWT or at+jwt"
        }
        return "the header carries \(forbidden.joined(separator: ", ")), which Entra's access tokens never have"
    }

    private var notAmongKeys: String {
        let keyIDs = Set(keys?.keySets.values.flatMap { $0.keys.map(\.keyID) } ?? [])
        // Keys belong to tenants. A token without an Entra tenant has no keys to look up.
        if keyIDs.isEmpty { return "and it is not from a tenant of Entra whose keys could be compared" }
        return keyIDs.count == 1
            ? "which is not the one that was given" : "which is not among the \(keyIDs.count) that were given"
    }

    /// The length of the signature in the token, in bytes.
    private var signatureBytes: Int {
        let token = evaluation.envelope?.accessToken.withUnsafeBytes { Array($0) } ?? input.token
        let part = token.reversed().prefix { $0 != UInt8(ascii: ".") }
        return part.count * 3 / 4
    }

    /// Whether the token is well-formed but its signature is empty.
    var lacksSignature: Bool {
        evaluation.headerDocument != nil && !hasFailed(.structure) && !hasFailed(.algorithm) && signatureBytes == 0
    }

    /// What is wrong with the form of one claim.
    private func malformed(_ name: String, _ claims: EntraClaims) -> String {
        guard let value = claims.json[named: name] else { return "\(name) is missing" }
        switch value.kind {
        case .string where name == "ver": return "ver is \(quoted(value.string)), and Entra's versions are 1.0 and 2.0"
        case .string where name == "upn": return "upn is too long, or has characters that no name has"
        case .string: return "\(name) is a string"
        case .integer where name == "exp": return "exp is not later than nbf"
        case .integer: return "\(name) is a number"
        case .real: return "\(name) is a number with a fraction, or too large a one"
        case .array: return name == "roles" ? "roles is a list of something other than strings" : "\(name) is a list"
        case .object: return "\(name) is an object"
        case .bool: return "\(name) is a truth value"
        case .null: return "\(name) is null"
        }
    }

    private var issuerFailure: String {
        guard let text = claims?.issuer else { return "iss is missing, so nobody says that it issued the token" }
        let trusted = settings.tenants.map { "tenant \($0.trust.tenantID)" }.joined(separator: " and ")
        if claims?.isServiceAccount == true {
            return "issued by \(quoted(text)) for a service account of a Kubernetes cluster, not by Entra"
        }
        let found = RelatedIssuer(text, tenants: settings.tenants.map(\.trust))
        switch found {
        case .otherVersion(let version):
            return "iss is that of version \(version.rawValue) and ver is \(quoted(claims?.version?.rawValue)):"
                + " Entra never issues such a token"
        case .otherCloud(let tenant, let cloud):
            return "issued by tenant \(tenant) in the cloud \(cloud.rawValue), this cluster trusts it in"
                + " \(cloudOf(tenant).rawValue)"
        case .otherTenant(let tenant):
            guard !trusted.isEmpty else { return "issued by tenant \(tenant)" }
            return "issued by tenant \(tenant), this cluster trusts \(trusted)"
        case .unlike:
            guard hasConfiguration else { return "issued by \(quoted(text)), which is no tenant of Entra" }
            return "issued by \(quoted(text)), this cluster trusts \(trusted)"
        }
    }

    func cloudOf(_ tenant: GUID) -> Cloud {
        settings.tenants.first { $0.trust.tenantID == tenant }?.trust.cloud ?? .public
    }

    private var tenantFailure: String {
        let wanted = trust?.tenantID.description ?? "unknown"
        if hasFailed(.issuer) { return "tid is \(quoted(claims?.tenantID)), this cluster trusts \(wanted)" }
        return "tid is \(quoted(claims?.tenantID)), and the issuer is tenant \(wanted)"
    }

    private var subjectFailure: String {
        let kind = evaluation.kind ?? .unknown
        let allowed = trust?.subjects.map(\.rawValue).sorted().joined(separator: ", ") ?? "none"
        let article = ["a", "e", "i", "o"].contains(kind.rawValue.prefix(1)) ? "an" : "a"
        if kind == .unknown { return "idtyp is \(quoted(claims?.identityType)), which is not known here" }
        return "the token is \(article) \(kind.spoken)'s; allowed are \(allowed)"
    }

    private func requiredClaim(_ reason: RefusalReason) -> String {
        guard let claims, let trust else { return "" }
        return trust.unmetRequirements(claims, for: reason).map { required in
            let values = required.values.map { shown($0.description) }.joined(separator: " or ")
            return reason == .requiredClaimMissing
                ? "the claim \(required.claim) is missing; it must be \(values)"
                : "the claim \(required.claim) has a value that is not accepted; it must be \(values)"
        }.joined(separator: "; ")
    }

    private var overage: String {
        (claims?.groups.objectIDs.isEmpty ?? true)
            ? "more than 200 groups, so the token lists none of them"
            : "more than 200 groups, so what the token lists may not be all"
    }

    private var groupsForm: String {
        switch claims?.json["groups"]?.kind {
        case .string: "a string"
        case .array: "a list with something other than strings in it"
        case .object: "an object"
        case .null: "null"
        case nil: "missing"
        default: "a number or a truth value"
        }
    }

    private func proofFailure(_ reason: RefusalReason) -> String {
        guard reason == .proofOfPossessionInvalid, let envelope = evaluation.envelope else {
            if reason == .proofOfPossessionNotAccepted {
                return "the token comes in a proof-of-possession envelope, and proofOfPossession is off"
            }
            return claims?.isBound == true
                ? "the token is bound to a key (cnf) and came without its envelope"
                : "proofOfPossession is require, and the token came without an envelope"
        }
        switch evaluation.proofProblem {
        case .header: return "the envelope's header is not that of an envelope signed with RS256"
        case .key: return "the key in the envelope is not the one that the token is bound to"
        case .host:
            return "the envelope is for the host \(quoted(envelope.untrustedHost)); this cluster is"
                + " \(quoted(trust?.clusterHost))"
        case .time:
            return envelope.untrustedTime.map { "the envelope was made \(moment($0))" } ?? "the envelope has no ts"
        case .nonce: return "the envelope has no usable nonce"
        case .signature: return "the envelope's signature does not fit its key"
        case nil: return reason.sentence
        }
    }
}

extension SubjectKind {
    /// The kind as a word for people.
    var spoken: String {
        switch self {
        case .managedIdentity: "managed identity"
        case .app: "application"
        default: rawValue
        }
    }
}

/// An untrusted issuer, and how it differs from the trusted ones.
enum RelatedIssuer {
    case otherVersion(TokenVersion)
    case otherCloud(GUID, Cloud)
    case otherTenant(GUID)
    case unlike

    init(_ issuer: String, tenants: [TokenValidationRules]) {
        for trust in tenants {
            for version in [TokenVersion.v1, .v2] where ExactText(trust.issuer(version)) == ExactText(issuer) {
                self = .otherVersion(version)
                return
            }
        }
        guard let parts = EntraIssuer(issuer), let cloud = parts.cloud else {
            self = .unlike
            return
        }
        let isKnown = tenants.contains { $0.tenantID == parts.tenantID }
        self = isKnown ? .otherCloud(parts.tenantID, cloud) : .otherTenant(parts.tenantID)
    }
}
