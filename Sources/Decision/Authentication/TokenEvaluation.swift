public import AccessPolicy
public import EntraTokens
internal import JOSE
public import Jansson
internal import OpenSSL
internal import SafeText
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
    public internal(set) var reason: RefusalReason?
    public internal(set) var header: TokenHeader?
    public internal(set) var headerDocument: JSONDocument?
    public internal(set) var claims: EntraClaims?
    /// Whether the signature was checked and is right.
    public internal(set) var areClaimsTrusted = false
    public internal(set) var tenantIndex: Int?
    public internal(set) var kind: SubjectKind?
    public internal(set) var principal: EntraPrincipal?
    public internal(set) var access: AccessDecision?
    /// The entry of the deny list that refuses the principal.
    public internal(set) var denial: DeniedEntry?
    /// Entries of the deny list that can't be judged by claims without a token's own times and ID.
    public internal(set) var undecidedDenials: [DeniedEntry] = []
    public internal(set) var keyRefreshTenant: Int?
    public internal(set) var groupResolution: EntraPrincipal?
    public internal(set) var proofUse: ProofUse?
    public internal(set) var envelope: ProofEnvelope?
    /// What is wrong with the envelope, where something is.
    public internal(set) var proofProblem: ProofProblem?

    /// Tenants that publish the key which verified the signature.
    var keyTenants: [Int] = []
    /// Whether a check failed whose outcome lies before the signature.
    private var failedBeforeSignature = false
    var stopped = false
    /// The tenant that the token names itself, once that was looked for.
    private var untrustedTenant: Int??
    /// Whether there are only claims and no token, so that nothing around the claims can be checked.
    var hasOnlyClaims = false
    /// Whether `iat` is a token's.
    var areTokenTimesReal = true

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
    ///
    /// - Parameter signed: the digest of the beginning of these very bytes, when it is known.
    mutating func run(_ token: UnsafeRawBufferPointer, signed: HashedToken.SignedDigest? = nil) {
        guard !token.isEmpty else {
            fail(.size, .tokenMissing)
            return
        }
        guard token.count <= rules.settings.tokenBytes else {
            fail(.size, .tokenTooLarge)
            return
        }
        recorder.passed(.size)
        guard let outer = parse(token, signed: signed) else { return }
        if outer.header.isEnvelope, let opened = ProofEnvelope(outer) {
            envelope = opened
            opened.accessToken.withUnsafeBytes { inner in
                guard let parsed = parse(inner, signed: nil) else { return }
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

    private mutating func parse(
        _ token: UnsafeRawBufferPointer, signed: HashedToken.SignedDigest?
    ) -> ParsedToken? {
        let jws: CompactJWS
        do {
            jws = try CompactJWS(parsing: token)
        } catch {
            fail(.structure, error == .encrypted ? .tokenEncrypted : .tokenMalformed)
            return nil
        }
        guard let header = jws.header.withUnsafeBytes({ try? TokenHeader(scanning: $0) }) else {
            fail(.structure, .tokenMalformed)
            return nil
        }
        return ParsedToken(
            jws: jws,
            header: header,
            signingInput: UnsafeRawBufferPointer(rebasing: token[..<jws.signedLength]),
            signedDigest: signed.flatMap { $0.length == jws.signedLength ? $0.digest : nil }
        )
    }

    private mutating func judge(_ token: ParsedToken) {
        recorder.passed(.structure)
        header = token.header
        if Recorder.explains {
            headerDocument = token.jws.header.withUnsafeBytes { try? JSONDocument(parsing: $0) }
        }
        checkHeader(token.header)
        if !stopped { checkSignature(token) }
        if failedBeforeSignature { askForIssuer(token.jws) }
        guard !stopped else { return }

        guard let claims = read(payload: token.jws.untrustedPayload) else {
            fail(.claims, .claimsMalformed)
            return
        }
        self.claims = claims
        checkClaims(claims)
    }

    /// Nil for what is no JSON object.
    private func read(payload: CleansedBytes) -> EntraClaims? {
        let maximumBytes = rules.settings.tokenBytes
        guard Recorder.explains || rules.readsClaimsByName else {
            return try? EntraClaims(scanning: payload, maximumBytes: maximumBytes)
        }
        let document = payload.withUnsafeBytes { try? JSONDocument(parsing: $0, maximumBytes: maximumBytes) }
        guard let root = document?.root, root.kind == .object else { return nil }
        return EntraClaims(root)
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
        let candidates = keys.candidates(keyID: ExactText(keyID), now: now)
        guard !candidates.isEmpty else {
            let reason = missingKeyReason(token.jws, keys: keys)
            fail(.key, reason, beforeSignature: true)
            if !stopped { recorder.skipped(.signature) }
            return
        }
        recorder.passed(.key)
        let digest = token.signedDigest ?? SHA256Digest(hashing: token.signingInput)
        let signer = candidates.first { candidate in
            token.jws.signature.withUnsafeBytes { signature in
                candidate.publicKey.verify(.rs256, digest: digest, signature: signature)
            }
        }
        guard let signer else {
            fail(.signature, .signatureInvalid)
            refreshForSharedKeyID(token.jws, candidates)
            return
        }
        keyTenants = signer.tenants
        areClaimsTrusted = true
        recorder.passed(.signature)
    }

    /// Other tenants' keys may have the ID of one that this tenant has got since. Where every tenant has a key of that
    /// ID, as where there is one tenant, nothing of the token is read after its signature was found wrong.
    private mutating func refreshForSharedKeyID(_ jws: CompactJWS, _ candidates: [KeyCandidate]) {
        func isCandidate(_ tenant: Int) -> Bool { candidates.contains { $0.tenants.contains(tenant) } }
        guard !rules.settings.tenants.indices.allSatisfy(isCandidate), let tenant = findUntrustedTenant(jws),
            !isCandidate(tenant)
        else { return }
        keyRefreshTenant = tenant
    }

    private mutating func missingKeyReason(_ jws: CompactJWS, keys: KeySnapshot) -> RefusalReason {
        guard let tenant = findUntrustedTenant(jws) else { return .keyNotFound }
        keyRefreshTenant = tenant
        return keys.isUsable(tenant: tenant, now: now) ? .keyNotFound : .keysUnavailable
    }

    /// A token that failed before its signature could be checked is asked whether it claims to be ours at all.
    private mutating func askForIssuer(_ jws: CompactJWS) {
        guard findUntrustedTenant(jws) == nil else { return }
        reason = .issuerNotTrusted
        keyRefreshTenant = nil
    }

    /// Looks for the issuer once, among the members of the payload and not within them.
    private mutating func findUntrustedTenant(_ jws: CompactJWS) -> Int? {
        if let untrustedTenant { return untrustedTenant }
        let issuer = jws.untrustedPayload.withUnsafeBytes { UntrustedPayload.scan($0)?["iss"]?.string }
        let tenant = issuer.flatMap { rules.known(issuer: $0)?.tenant }
        untrustedTenant = .some(tenant)
        return tenant
    }

    // MARK: Recording

    mutating func check(
        _ check: TokenCheck,
        _ holds: Bool,
        _ reason: @autoclosure () -> RefusalReason,
        beforeSignature: Bool = false
    ) {
        if holds { recorder.passed(check) } else { fail(check, reason(), beforeSignature: beforeSignature) }
    }

    mutating func fail(_ check: TokenCheck, _ reason: RefusalReason, beforeSignature: Bool = false) {
        if !recorder.failed(check, reason) { stopped = true }
        if beforeSignature { failedBeforeSignature = true }
        // Checks run in the contract's order, so the first failure is the one that counts.
        if self.reason == nil { self.reason = reason }
    }
}

/// A token whose parts are decoded and whose header was read.
struct ParsedToken {
    let jws: CompactJWS
    let header: TokenHeader
    /// Lent by the caller of ``TokenEvaluation/run(_:)``, so not kept beyond it.
    let signingInput: UnsafeRawBufferPointer
    /// Of the signing input, where it was hashed before.
    let signedDigest: SHA256Digest?
}
