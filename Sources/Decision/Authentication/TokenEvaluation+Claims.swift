internal import AccessPolicy
internal import EntraTokens
internal import Timestamps

/// The checks of claims: whose token it is, whether it is meant for this cluster and valid now, and what it gives.
extension TokenEvaluation {
    mutating func checkClaims(_ claims: EntraClaims) {
        check(.claims, claims.malformed.isEmpty, .claimsMalformed)
        guard !stopped else { return }

        let tenant: Int
        if let issuer = claims.issuer, let known = rules.known(issuer: issuer), known.matches(claims.version) {
            recorder.passed(.issuer)
            tenant = known.tenant
        } else {
            fail(.issuer, .issuerNotTrusted)
            guard !stopped else { return }
            // With a single tenant it is clear by whose rules the rest would be judged.
            guard rules.settings.tenants.count == 1 else {
                checkWithoutTenant(claims)
                return
            }
            tenant = 0
        }
        let trust = rules.settings.tenants[tenant].trust
        tenantIndex = tenant

        check(.tenant, claims.tenantID.flatMap(GUID.init) == trust.tenantID, .tenantMismatch)
        guard !stopped else { return }
        checkKeyIssuer(tenant: tenant)
        guard !stopped else { return }
        check(.tokenKind, claims.isAccessToken, .tokenKindNotAccepted)
        guard !stopped else { return }
        check(.audience, claims.audience.map(trust.accepts(audience:)) ?? false, .audienceNotAccepted)
        guard !stopped else { return }
        checkTimes(claims, trust: trust)
        guard !stopped else { return }
        check(.clientApp, claims.clientAppID.map(trust.accepts(clientAppID:)) ?? true, .clientAppNotAllowed)
        guard !stopped else { return }
        checkSubject(claims, tenant: tenant, trust: trust)
    }

    private mutating func checkKeyIssuer(tenant: Int) {
        guard areClaimsTrusted, let keys else {
            recorder.skipped(.keyIssuer)
            return
        }
        if keyTenants.contains(tenant) && keys.isUsable(tenant: tenant, now: now) {
            recorder.passed(.keyIssuer)
        } else if keys.isUsable(tenant: tenant, now: now) {
            keyRefreshTenant = tenant
            fail(.keyIssuer, .keyIssuerMismatch)
        } else {
            keyRefreshTenant = tenant
            fail(.keyIssuer, .keysUnavailable)
        }
    }

    /// What can be said of a token that is no configured tenant's; only explaining comes this far.
    private mutating func checkWithoutTenant(_ claims: EntraClaims) {
        check(.tokenKind, claims.isAccessToken, .tokenKindNotAccepted)
        checkTimes(claims, trust: nil)
        check(.subject, claims.objectID.flatMap(GUID.init) != nil, .subjectMissing)
        check(.groups, !claims.groups.isMalformed, .groupsMalformed)
    }

    private mutating func checkTimes(_ claims: EntraClaims, trust: TenantTrust?) {
        let skew = rules.settings.clockSkew
        if let expires = claims.expires {
            check(.expiry, now < expires.adding(seconds: skew), .tokenExpired)
            guard !stopped else { return }
        } else {
            recorder.skipped(.expiry)
        }
        if let notBefore = claims.notBefore {
            check(.notBefore, now >= notBefore.adding(seconds: -skew), .tokenNotYetValid)
            guard !stopped else { return }
        } else {
            recorder.skipped(.notBefore)
        }
        guard let trust else { return }
        if let expires = claims.expires, let start = claims.lifetimeStart {
            check(.lifetime, expires.seconds(since: start) <= trust.maximumTokenLifetime, .tokenLifetimeTooLong)
        } else {
            recorder.skipped(.lifetime)
        }
    }

    private mutating func checkSubject(_ claims: EntraClaims, tenant: Int, trust: TenantTrust) {
        let kind = SubjectKind(claims, trust: trust)
        self.kind = kind
        check(.subjectKind, kind != .unknown && trust.subjects.contains(kind), .subjectKindNotAllowed)
        guard !stopped else { return }
        let objectID = claims.objectID.flatMap(GUID.init)
        check(.subject, objectID != nil, .subjectMissing)
        guard !stopped else { return }
        checkDenyList(claims, objectID: objectID, tenant: tenant)
        guard !stopped else { return }
        let unmet = trust.unmetRequirement(claims)
        check(.requiredClaims, unmet == nil, unmet?.reason ?? .requiredClaimMissing)
        guard !stopped else { return }
        if unmet?.reason == .requiredClaimMissing,
            !trust.unmetRequirements(claims, for: .requiredClaimMismatch).isEmpty
        {
            fail(.requiredClaims, .requiredClaimMismatch)
        }
        guard let objectID else {
            checkWithoutSubject(claims, trust: trust)
            return
        }

        let principal = EntraPrincipal(
            tenantIndex: tenant,
            tenantID: trust.tenantID,
            objectID: objectID,
            kind: kind,
            clientAppID: claims.clientAppID,
            userPrincipalName: claims.userPrincipalName,
            groups: claims.groups.objectIDs,
            hasGroupOverage: claims.groups.hasOverage,
            roles: claims.roles,
            tokenID: claims.tokenID,
            issuedAt: claims.issuedAt
        )
        self.principal = principal
        checkAccess(principal, claims: claims, trust: trust)
    }

    private mutating func checkDenyList(_ claims: EntraClaims, objectID: GUID?, tenant: Int) {
        let list = rules.denyLists[tenant]
        guard !list.isEmpty else {
            recorder.passed(.denyList)
            return
        }
        let token = DenyList.Token(
            objectID: objectID, clientAppID: claims.clientAppID.flatMap { GUID($0) }, tokenID: claims.tokenID,
            issuedAt: areTokenTimesReal ? claims.issuedAt : nil)
        denial = list.denial(of: token, now: now, isHypothetical: hasOnlyClaims)
        if hasOnlyClaims { undecidedDenials = list.undecidable(for: token, now: now) }
        check(.denyList, denial == nil, .principalDenied)
    }

    /// The rest of the checks for a token without an object ID; only explaining comes this far.
    private mutating func checkWithoutSubject(_ claims: EntraClaims, trust: TenantTrust) {
        if claims.groups.hasOverage, trust.groupOverage == .deny {
            fail(.groups, .groupOverage)
            if claims.groups.isMalformed { fail(.groups, .groupsMalformed) }
        } else if claims.groups.hasOverage, trust.groupOverage == .resolve {
            recorder.skipped(.groups)
        } else {
            check(.groups, !claims.groups.isMalformed, .groupsMalformed)
        }
        let isNamed = kind == .user && rules.settings.kubernetes.username.isByUserPrincipalName
        if isNamed, let name = claims.userPrincipalName,
            AccessPolicy.isReserved(rules.settings.kubernetes.usernamePrefix + name)
        {
            fail(.username, .usernameReserved)
        } else {
            recorder.skipped(.username)
        }
        checkProof(claims, trust: trust)
    }

    private mutating func checkAccess(_ principal: EntraPrincipal, claims: EntraClaims, trust: TenantTrust) {
        var principal = principal
        let policy = rules.settings.tenants[principal.tenantIndex].policy
        if let problem = groupProblem(&principal, claims: claims, trust: trust) {
            // Emergency access needs a valid token and nothing else, so not the groups either.
            if AccessPolicy.hasEmergencyAccess(principal.objectID, tenant: policy, now: now) {
                groupResolution = nil
                recorder.skipped(.groups)
            } else {
                fail(.groups, problem)
                guard !stopped else { return }
                if problem == .groupOverage, claims.groups.isMalformed { fail(.groups, .groupsMalformed) }
            }
        } else {
            recorder.passed(.groups)
        }
        self.principal = principal
        access = AccessPolicy.decide(
            principal, tenant: policy, kubernetes: rules.settings.kubernetes, now: now, explains: Recorder.explains)
        check(.username, access != nil, .usernameReserved)
        guard !stopped else { return }
        checkProof(claims, trust: trust)
    }

    /// Completes the principal's groups, or says why they are not known.
    private mutating func groupProblem(
        _ principal: inout EntraPrincipal,
        claims: EntraClaims,
        trust: TenantTrust
    ) -> RefusalReason? {
        if claims.groups.hasOverage {
            switch trust.groupOverage {
            case .ignore: break
            case .deny: return .groupOverage
            case .resolve:
                guard !claims.groups.isMalformed else { return .groupsMalformed }
                guard let resolvedGroups else {
                    groupResolution = principal
                    return .groupResolutionFailed
                }
                var seen: Set<GUID> = []
                principal.groups = resolvedGroups.filter { seen.insert($0).inserted }
                return nil
            }
        }
        return claims.groups.isMalformed ? .groupsMalformed : nil
    }

    private mutating func checkProof(_ claims: EntraClaims, trust: TenantTrust) {
        if let envelope {
            guard trust.proofOfPossession != .off else {
                fail(.proofOfPossession, .proofOfPossessionNotAccepted)
                return
            }
            do throws(ProofProblem) {
                proofUse = try envelope.verify(
                    claims: claims, trust: trust, now: now, clockSkew: rules.settings.clockSkew)
            } catch {
                proofProblem = error
                fail(.proofOfPossession, .proofOfPossessionInvalid)
                return
            }
            recorder.passed(.proofOfPossession)
        } else if hasOnlyClaims && claims.isBound && trust.proofOfPossession != .off {
            // A bound token comes in an envelope, of which claims alone know nothing.
            recorder.skipped(.proofOfPossession)
        } else if claims.isBound || trust.proofOfPossession == .require {
            fail(.proofOfPossession, .proofOfPossessionRequired)
        } else {
            recorder.passed(.proofOfPossession)
        }
    }
}
