import Entra
import EntraTokens
import SafeText

/// What the user of kubectl can do, with values from the hints.
struct CredentialAdvice {
    /// The tenants of the hints; empty without hints.
    let tenants: [TokenValidationRules]
    /// The tenant of the hints that issued the token, else the only one; nil if it cannot be known.
    let tenant: TokenValidationRules?

    init(_ hints: TokenHints?, claims: EntraClaims?) {
        tenants = hints?.tenants ?? []
        let issuer = claims?.issuer
        tenant =
            tenants.first { tenant in
                [TokenVersion.v1, .v2].contains { version in
                    issuer.map { tenant.issuer(version).utf8.elementsEqual($0.utf8) } ?? false
                }
            } ?? (tenants.count == 1 ? tenants.first : nil)
    }

    /// What kubelogin's `--server-id` should be.
    private var audience: ExactText? {
        tenant?.audiences.first { GUID($0.text) != nil } ?? tenant?.audiences.first
    }

    /// The reason's own hint, if the hints have no value to name.
    func hint(for reason: RefusalReason) -> String {
        specific(reason) ?? reason.hint
    }

    private func specific(_ reason: RefusalReason) -> String? {
        switch reason {
        case .issuerNotTrusted, .tenantMismatch:
            guard let one = tenant ?? tenants.first else { return nil }
            let others = tenants.count > 1 ? " (or one of \(tenants.count - 1) more)" : ""
            return "sign in to the tenant that this cluster trusts: kubelogin's --tenant-id \(one.tenantID)\(others)"
                + " --environment \(one.cloud.kubeloginEnvironment)"
        case .audienceNotAccepted:
            guard let audience else { return nil }
            return "set kubelogin's --server-id to \(audience), then run `kubelogin remove-cache-dir`"
        case .tokenKindNotAccepted:
            guard let audience else { return nil }
            return "pass the access token and not the ID token: kubelogin does; with other tools ask for the scope"
                + " \(audience)/.default"
        case .clientAppNotAllowed:
            guard let clients = tenant?.allowedClientAppIDs, let first = clients.first else { return nil }
            let others = clients.count > 1 ? " (or one of \(clients.count - 1) more)" : ""
            return "set kubelogin's --client-id to \(first)\(others)"
        case .subjectKindNotAllowed:
            guard let tenant, !tenant.subjects.isEmpty else { return nil }
            let kinds = SubjectKind.allCases.filter(tenant.subjects.contains).map(\.rawValue)
            return "sign in as one of: \(kinds.joined(separator: ", "))"
        case .proofOfPossessionRequired:
            guard let host = tenant?.clusterHost else { return nil }
            return "run kubelogin with --pop-enabled and --pop-claims \"u=\(host)\""
        case .tokenNotYetValid:
            return "compare this computer's clock with the real time (`timedatectl`)"
        case .tokenExpired:
            return "run `kubelogin remove-cache-dir` and sign in again; if the token is new, compare the clocks"
        case .tokenMissing, .tokenTooLarge, .tokenMalformed, .tokenEncrypted, .algorithmNotAllowed, .headerNotAllowed,
            .keyIDMissing, .keyNotFound, .keysUnavailable, .signatureInvalid, .claimsMalformed, .keyIssuerMismatch,
            .tokenLifetimeTooLong, .subjectMissing, .principalDenied, .requiredClaimMissing,
            .requiredClaimMismatch, .accountDisabled, .sessionsRevoked, .groupOverage, .groupsMalformed,
            .groupResolutionFailed, .usernameReserved, .proofOfPossessionNotAccepted, .proofOfPossessionInvalid,
            .proofOfPossessionReplayed, .emergencyAccessEnded, .membershipEnded:
            return nil
        }
    }
}
