public import AccessPolicy
public import EntraTokens
internal import JOSE
public import Jansson
internal import OpenSSL
internal import Timestamps

/// One pass of the checks over one token: the only place in the program that judges tokens.
///
/// It does no I/O and reads no clock. The recorder chooses whether it ends at the first failure; the reason is the
/// same either way.
public struct TokenEvaluation<Recorder: CheckRecorder> {
    let rules: RuleIndex
    /// Nil: there are no keys to check with, so key and signature are skipped (offline inspection).
    let keys: KeySnapshot?
    let now: Timestamp
    let resolvedGroups: [GUID]?

    public var recorder: Recorder
    /// Why the token is refused: the reason of the first check that failed.
    public private(set) var reason: RefusalReason?
    public private(set) var header: TokenHeader?
    public private(set) var headerDocument: JSONDocument?
    public private(set) var claims: EntraClaims?
    /// Whether the signature was checked and is right.
    public private(set) var areClaimsTrusted = false
    public private(set) var tenantIndex: Int?
    public private(set) var kind: SubjectKind?
    public private(set) var principal: EntraPrincipal?
    public private(set) var access: AccessDecision?
    public private(set) var keyRefreshTenant: Int?
    public private(set) var groupResolution: EntraPrincipal?
    public private(set) var proofUse: ProofUse?
    public private(set) var envelope: ProofEnvelope?
    /// What is wrong with the envelope, where something is.
    public private(set) var proofProblem: ProofProblem?

    /// Tenants that publish the key which verified the signature.
    private var keyTenants: [Int] = []
    /// Whether a check failed whose outcome lies before the signature.
    private var failedBeforeSignature = false
    private var stopped = false
    /// Whether there are only claims and no token, so that nothing around the claims can be checked.
    private var hasOnlyClaims = false

    init(
        rules: RuleIndex,
        keys: KeySnapshot?,
        now: Timestamp,
        resolvedGroups: [GUID]?,
        recorder: Recorder
    ) {
        self.rules = rules
        self.keys = keys
        self.now = now
        self.resolvedGroups = resolvedGroups
        self.recorder = recorder
    }

    /// Runs the checks; results are in the properties.
    mutating func run(_ token: UnsafeRawBufferPointer) {
        guard !token.isEmpty else {
            fail(.size, .tokenMissing)
            return
        }
        guard token.count <= rules.settings.tokenBytes else {
            fail(.size, .tokenTooLarge)
            return
        }
        recorder.passed(.size)
        guard let outer = parse(token) else { return }
        if outer.header.isEnvelope, let opened = ProofEnvelope(outer) {
            envelope = opened
            opened.accessToken.withUnsafeBytes { inner in
                guard let parsed = parse(inner) else { return }
                judge(parsed)
            }
        } else {
            judge(outer)
        }
    }

    /// Judges claims for which the caller vouches; what only a token can show is skipped.
    mutating func run(verifiedClaims: JSONValue) {
        hasOnlyClaims = true
        for check in [TokenCheck.size, .structure, .algorithm, .header, .keyID, .key, .signature] {
            recorder.skipped(check)
        }
        let claims = EntraClaims(verifiedClaims)
        self.claims = claims
        checkClaims(claims)
    }

    // MARK: Structure

    private mutating func parse(_ token: UnsafeRawBufferPointer) -> ParsedToken? {
        let jws: CompactJWS
        do {
            jws = try CompactJWS(parsing: token)
        } catch {
            fail(.structure, error == .encrypted ? .tokenEncrypted : .tokenMalformed)
            return nil
        }
        let parsed = jws.header.withUnsafeBytes { try? JSONDocument(parsing: $0, maximumDepth: 8) }
        guard let document = parsed, document.root.kind == .object else {
            fail(.structure, .tokenMalformed)
            return nil
        }
        return ParsedToken(
            jws: jws,
            headerDocument: document,
            header: TokenHeader(document.root),
            signingInput: UnsafeRawBufferPointer(rebasing: token[..<jws.signedLength])
        )
    }

    private mutating func judge(_ token: ParsedToken) {
        recorder.passed(.structure)
        header = token.header
        headerDocument = token.headerDocument
        checkHeader(token.header)
        if !stopped { checkSignature(token) }
        if failedBeforeSignature { askForIssuer(token.jws) }
        guard !stopped else { return }

        guard let claims = token.jws.untrustedPayload.withUnsafeBytes({ read(payload: $0) }) else {
            fail(.claims, .claimsMalformed)
            return
        }
        self.claims = claims
        checkClaims(claims)
    }

    /// Nil for what is no JSON object.
    private func read(payload: UnsafeRawBufferPointer) -> EntraClaims? {
        let plain = Recorder.explains || rules.readsGroupsAsJSON ? nil : PlainGroups(payload)
        let document =
            if let plain {
                plain.rest.withUnsafeBytes { try? JSONDocument(parsing: $0, maximumBytes: rules.settings.tokenBytes) }
            } else {
                try? JSONDocument(parsing: payload, maximumBytes: rules.settings.tokenBytes)
            }
        guard let root = document?.root, root.kind == .object else { return nil }
        return EntraClaims(root, plainGroups: plain)
    }

    // MARK: Before the signature

    private mutating func checkHeader(_ header: TokenHeader) {
        check(.algorithm, header.isAlgorithmAllowed, .algorithmNotAllowed, beforeSignature: true)
        guard !stopped else { return }
        check(.header, header.forbidden.isEmpty, .headerNotAllowed, beforeSignature: true)
        guard !stopped else { return }
        check(.keyID, header.keyID != nil, .keyIDMissing, beforeSignature: true)
    }

    private mutating func checkSignature(_ token: ParsedToken) {
        guard let keys, token.header.isAlgorithmAllowed, let keyID = token.header.keyID else {
            recorder.skipped(.key)
            recorder.skipped(.signature)
            return
        }
        let candidates = keys.candidates(keyID: keyID, now: now)
        guard !candidates.isEmpty else {
            let reason = missingKeyReason(token.jws, keys: keys)
            fail(.key, reason, beforeSignature: true)
            if !stopped { recorder.skipped(.signature) }
            return
        }
        recorder.passed(.key)
        let signer = candidates.first { candidate in
            token.jws.signature.withUnsafeBytes { signature in
                candidate.publicKey.verify(.rs256, message: token.signingInput, signature: signature)
            }
        }
        guard let signer else {
            fail(.signature, .signatureInvalid)
            return
        }
        keyTenants = signer.tenants
        areClaimsTrusted = true
        recorder.passed(.signature)
    }

    private mutating func missingKeyReason(_ jws: CompactJWS, keys: KeySnapshot) -> RefusalReason {
        guard let tenant = untrustedTenant(jws) else { return .keyNotFound }
        keyRefreshTenant = tenant
        return keys.isUsable(tenant: tenant, now: now) ? .keyNotFound : .keysUnavailable
    }

    /// A token that failed before its signature could be checked is asked whether it claims to be ours at all.
    private mutating func askForIssuer(_ jws: CompactJWS) {
        guard untrustedTenant(jws) == nil else { return }
        reason = .issuerNotTrusted
        keyRefreshTenant = nil
    }

    private func untrustedTenant(_ jws: CompactJWS) -> Int? {
        let payload = jws.untrustedPayload.withUnsafeBytes { try? JSONDocument(parsing: $0) }
        guard let issuer = payload?.root["iss"]?.string else { return nil }
        return rules.known(issuer: issuer)?.tenant
    }

    // MARK: Claims

    private mutating func checkClaims(_ claims: EntraClaims) {
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
        let unmet = trust.unmetRequirement(claims)
        check(.requiredClaims, unmet == nil, unmet?.reason ?? .requiredClaimMissing)
        guard !stopped else { return }
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
            tokenID: claims.tokenID
        )
        self.principal = principal
        checkAccess(principal, claims: claims, trust: trust)
    }

    /// The rest of the checks for a token without an object ID; only explaining comes this far.
    private mutating func checkWithoutSubject(_ claims: EntraClaims, trust: TenantTrust) {
        if claims.groups.hasOverage, trust.groupOverage == .deny {
            fail(.groups, .groupOverage)
        } else if claims.groups.hasOverage, trust.groupOverage == .resolve {
            recorder.skipped(.groups)
        } else {
            check(.groups, !claims.groups.isMalformed, .groupsMalformed)
        }
        recorder.skipped(.username)
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
                guard let resolvedGroups else {
                    groupResolution = principal
                    return claims.groups.isMalformed ? .groupsMalformed : .groupResolutionFailed
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

    // MARK: Recording

    private mutating func check(
        _ check: TokenCheck,
        _ holds: Bool,
        _ reason: @autoclosure () -> RefusalReason,
        beforeSignature: Bool = false
    ) {
        if holds { recorder.passed(check) } else { fail(check, reason(), beforeSignature: beforeSignature) }
    }

    private mutating func fail(_ check: TokenCheck, _ reason: RefusalReason, beforeSignature: Bool = false) {
        if !recorder.failed(check, reason) { stopped = true }
        if beforeSignature { failedBeforeSignature = true }
        // Checks run in the contract's order, so the first failure is the one that counts.
        if self.reason == nil { self.reason = reason }
    }
}

/// A token whose parts are decoded and whose header is parsed.
struct ParsedToken {
    let jws: CompactJWS
    let headerDocument: JSONDocument
    let header: TokenHeader
    /// Lent by the caller of ``TokenEvaluation/run(_:)``, so not kept beyond it.
    let signingInput: UnsafeRawBufferPointer
}
