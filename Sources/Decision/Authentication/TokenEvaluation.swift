public import AccessPolicy
public import Entra
public import EntraTokens
import JOSE
public import Jansson
import OpenSSL
import SafeText
import Timestamps

/// One pass of the checks over one token: the only code in the program that decides whether a token is valid.
///
/// It does no I/O and reads no clock. ``TokenCheck`` lists the checks in order; one function here makes each and
/// returns its result. The recorder chooses whether to stop at the first failure. The reason is the same either way.
public struct TokenEvaluation<Recorder: CheckRecorder> {
    private let rules: IssuerIndex
    /// Nil if there are no keys: key and signature are then skipped (offline inspection).
    private let keys: KeySnapshot?
    private let now: Timestamp
    private let resolvedGroups: [GUID]?

    /// The recorder with the outcomes.
    public private(set) var recorder: Recorder
    /// Why the token is refused: the reason of the first check that failed.
    public private(set) var reason: RefusalReason?
    /// The header of the access token; nil if the structure is wrong.
    public var header: TokenHeader? { signature.token?.header }
    /// The whole header, for explanations; nil for recorders that don't explain.
    public private(set) var headerDocument: JSONDocument?
    /// The claims; nil if they could not be read. See ``areClaimsTrusted``.
    public private(set) var claims: EntraClaims?
    /// Whether the signature was verified.
    public var areClaimsTrusted: Bool { signature.signer != nil }
    /// The tenant whose rules apply to the claims.
    public var tenant: TenantConfiguration? { tenantIndex?.configuration }
    /// The kind of subject, once it was determined.
    public private(set) var kind: SubjectKind?
    /// The principal, if the claims name one.
    public private(set) var principal: EntraPrincipal?
    /// The principal's access, if its user name is not reserved.
    public private(set) var access: AccessDecision?
    /// What the directory's last answers say about the principal.
    private(set) var watch: WatchCheck
    /// The entry of the deny list that refuses the principal.
    public private(set) var denial: DeniedEntry?
    /// Entries of the deny list that cannot be decided from claims without a real token's times and ID.
    public private(set) var undecidedDenials: [DeniedEntry] = []
    /// The tenant whose keys may contain the missing key after a refresh.
    public var keyRefreshTenant: GUID? { issuerRefreshTenant ?? signature.refreshTenant }
    /// The principal whose groups the directory should resolve. If there is a reason, the token cannot be accepted
    /// without the answer; if not, only emergency access is granted without it.
    public private(set) var groupResolution: EntraPrincipal?
    /// The accepted proof of possession, to be remembered.
    public private(set) var proofUse: ProofUse?
    /// The proof-of-possession token around the access token.
    public var envelope: SignedHTTPRequest? { signature.envelope }
    /// What is wrong with the proof of possession.
    public private(set) var proofProblem: ProofProblem?

    /// The tenant, with prepared look-ups.
    private(set) var tenantIndex: TenantIndex?
    /// The token, its key and its signature.
    private var signature: SignatureCheck
    /// The tenant of the issuer, if its keys are too old or do not verify the signature.
    private var issuerRefreshTenant: GUID?
    private(set) var objectID: GUID?
    /// Whether there are claims but no token, so that checks of the token itself are impossible.
    private var hasOnlyClaims = false
    /// Whether `iat` comes from a token.
    private var areTokenTimesReal = true

    init(
        rules: IssuerIndex, keys: KeySnapshot?, now: Timestamp, resolvedGroups: [GUID]?, watch: WatchFacts?,
        recorder: Recorder
    ) {
        self.rules = rules
        signature = SignatureCheck(rules: rules, keys: keys, now: now)
        self.watch = WatchCheck(
            facts: watch, now: now, clockSkew: rules.settings.clockSkew,
            adminGroups: rules.settings.kubernetes.adminGroups)
        self.keys = keys
        self.now = now
        self.resolvedGroups = resolvedGroups
        self.recorder = recorder
    }

    // MARK: The sequence

    /// Checks a token; the properties have the results.
    ///
    /// - Parameter signed: the digest of the signed part of these same bytes, if it was computed before.
    mutating func run(_ bytes: UnsafeRawBufferPointer, signed: HashedToken.SignedDigest? = nil) {
        for check in TokenCheck.allCases where !record(check, make(check, of: bytes, signed: signed)) { break }
    }

    /// Checks claims that the caller vouches for; checks that need a token are skipped.
    ///
    /// - Parameter areTokenTimesReal: whether `iat` comes from a token and was not invented for a principal.
    mutating func run(verifiedClaims: JSONValue, areTokenTimesReal: Bool) {
        hasOnlyClaims = true
        self.areTokenTimesReal = areTokenTimesReal
        claims = EntraClaims(verifiedClaims)
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        for check in TokenCheck.allCases {
            let result = check.isOfTokensOnly ? .skipped : make(check, of: nothing, signed: nil)
            guard record(check, result) else { break }
        }
    }

    private mutating func make(
        _ check: TokenCheck, of bytes: UnsafeRawBufferPointer, signed: HashedToken.SignedDigest?
    ) -> CheckResult {
        switch check {
        case .size: checkSize(bytes)
        case .structure: checkStructure(bytes)
        case .algorithm: .when(header?.isAlgorithmAllowed ?? false, else: .algorithmNotAllowed)
        case .header: .when(header?.forbidden.isEmpty ?? false, else: .headerNotAllowed)
        case .keyID: .when(header?.keyID != nil, else: .keyIDMissing)
        case .key: signature.checkKey()
        case .signature: signature.checkSignature(bytes, hashed: signed)
        case .claims: checkClaims()
        case .issuer: checkIssuer()
        case .tenant: checkTenant()
        case .keyIssuer: checkKeyIssuer()
        case .tokenKind: .when(claims?.isAccessToken ?? false, else: .tokenKindNotAccepted)
        case .audience: checkAudience()
        case .expiry: checkExpiry()
        case .notBefore: checkNotBefore()
        case .lifetime: checkLifetime()
        case .clientApp: checkClientApp()
        case .subjectKind: checkSubjectKind()
        case .subject: checkSubject()
        case .denyList: checkDenyList()
        case .requiredClaims: checkRequiredClaims()
        case .account: checkAccount()
        case .groups: checkGroups()
        case .username: checkUsername()
        case .proofOfPossession: checkProof()
        }
    }

    /// Records the result of a check, and returns whether to make the next one.
    private mutating func record(_ check: TokenCheck, _ result: CheckResult) -> Bool {
        switch result {
        case .omitted: return true
        case .passed:
            recorder.passed(check)
            return true
        case .skipped:
            recorder.skipped(check)
            return true
        case .failed(let reason): return fail(check, reason)
        case .failedTwice(let reason, let other): return fail(check, reason) && fail(check, other)
        case .ended(let reason):
            _ = fail(check, reason)
            return false
        }
    }

    private mutating func fail(_ check: TokenCheck, _ reason: RefusalReason) -> Bool {
        // Checks run in the order of precedence, so the first failure is the answer.
        if self.reason == nil {
            let isForeign = isForeign(failing: check)
            self.reason = isForeign ? .issuerNotTrusted : lacksKeys(failing: check) ? .keysUnavailable : reason
        }
        return recorder.failed(check, reason)
    }

    /// Whether the token belongs to another authenticator. If a check before the signature fails, the untrusted issuer
    /// is checked first.
    private mutating func isForeign(failing check: TokenCheck) -> Bool {
        switch check {
        case .algorithm, .header, .keyID, .key: return signature.untrustedTenant() == nil
        case .claims where keys == nil && !hasOnlyClaims:
            guard let issuer = claims?.issuer else { return signature.untrustedTenant() == nil }
            return rules.known(issuer: issuer) == nil
        default: return false
        }
    }

    /// Whether the issuer's keys are too old. Another tenant's key of the same ID may have verified the signature, but
    /// the reason that the token's own keys are missing takes precedence over what its claims say.
    private mutating func lacksKeys(failing check: TokenCheck) -> Bool {
        switch check {
        case .claims, .issuer, .tenant:
            guard areClaimsTrusted, let keys,
                let tenantID = claims?.issuer.flatMap({ rules.known(issuer: $0)?.tenant.tenantID }),
                !keys.isUsable(tenant: tenantID, now: now)
            else { return false }
            issuerRefreshTenant = tenantID
            return true
        default: return false
        }
    }

    // MARK: Structure

    private func checkSize(_ bytes: UnsafeRawBufferPointer) -> CheckResult {
        if bytes.isEmpty { return .ended(.tokenMissing) }
        return bytes.count <= rules.settings.tokenBytes ? .passed : .ended(.tokenTooLarge)
    }

    private mutating func checkStructure(_ bytes: UnsafeRawBufferPointer) -> CheckResult {
        let result = signature.checkStructure(bytes)
        if Recorder.explains {
            headerDocument = signature.token?.jws.header.withUnsafeBytes { try? JSONDocument(parsing: $0) }
        }
        return result
    }

    // MARK: Whose token it is

    private mutating func checkClaims() -> CheckResult {
        if !hasOnlyClaims, let token = signature.token {
            claims = Self.read(payload: token.jws.untrustedPayload, rules)
        }
        guard let claims else { return .ended(.claimsMalformed) }
        return .when(claims.malformed.isEmpty, else: .claimsMalformed)
    }

    /// Nil if the payload is not a JSON object.
    private static func read(payload: SecureBytes, _ rules: IssuerIndex) -> EntraClaims? {
        let maximumBytes = rules.settings.tokenBytes
        guard Recorder.explains || rules.readsClaimsByName else {
            return try? EntraClaims.scan(payload, maximumBytes: maximumBytes)
        }
        let document = payload.withUnsafeBytes { try? JSONDocument(parsing: $0, maximumBytes: maximumBytes) }
        guard let root = document?.root, root.kind == .object else { return nil }
        return EntraClaims(root)
    }

    private mutating func checkIssuer() -> CheckResult {
        if let claims, let known = rules.known(claims), known.matches(claims.version) {
            tenantIndex = known.tenant
            return .passed
        }
        // With a single tenant, it is clear whose rules apply.
        if rules.tenants.count == 1 { tenantIndex = rules.tenants.first }
        return .failed(.issuerNotTrusted)
    }

    private func checkTenant() -> CheckResult {
        guard let tenant = tenantIndex, let claims else { return .omitted }
        return .when(claims.tenantGUID == tenant.tenantID, else: .tenantMismatch)
    }

    private mutating func checkKeyIssuer() -> CheckResult {
        guard let tenantID = tenantIndex?.tenantID else { return .omitted }
        guard areClaimsTrusted, let keys else { return .skipped }
        let isUsable = keys.isUsable(tenant: tenantID, now: now)
        if isUsable, signature.signer?.tenants.contains(tenantID) == true { return .passed }
        issuerRefreshTenant = tenantID
        return .failed(isUsable ? .keyIssuerMismatch : .keysUnavailable)
    }

    private func checkAudience() -> CheckResult {
        guard let tenant = tenantIndex else { return .omitted }
        return .when(claims.map { tenant.audiences.accepts($0) } ?? false, else: .audienceNotAccepted)
    }

    // MARK: When

    private func checkExpiry() -> CheckResult {
        claims?.checkExpiry(now: now, clockSkew: rules.settings.clockSkew) ?? .skipped
    }

    private func checkNotBefore() -> CheckResult {
        claims?.checkNotBefore(now: now, clockSkew: rules.settings.clockSkew) ?? .skipped
    }

    private func checkLifetime() -> CheckResult {
        guard let tenant = tenantIndex else { return .omitted }
        return claims?.checkLifetime(maximum: tenant.trust.maximumTokenLifetime) ?? .skipped
    }

    // MARK: Who

    private func checkClientApp() -> CheckResult {
        guard let tenant = tenantIndex else { return .omitted }
        return .when(
            claims?.clientAppID.map { tenant.trust.accepts(clientAppID: $0) } ?? true, else: .clientAppNotAllowed)
    }

    private mutating func checkSubjectKind() -> CheckResult {
        guard let tenant = tenantIndex, let claims else { return .omitted }
        let kind = SubjectKind(claims, trust: tenant.trust)
        self.kind = kind
        return .when(kind != .unknown && tenant.trust.subjects.contains(kind), else: .subjectKindNotAllowed)
    }

    private mutating func checkSubject() -> CheckResult {
        objectID = claims?.objectGUID
        return .when(objectID != nil, else: .subjectMissing)
    }

    private mutating func checkDenyList() -> CheckResult {
        guard let tenant = tenantIndex, let claims else { return .omitted }
        guard let list = tenant.denyList else { return .passed }
        let token = DenyList.Token(
            objectID: objectID, clientAppID: claims.clientAppID.flatMap { GUID($0) }, tokenID: claims.tokenID,
            issuedAt: areTokenTimesReal ? claims.issuedAt : nil)
        denial = list.denial(of: token, now: now, isHypothetical: hasOnlyClaims)
        if hasOnlyClaims { undecidedDenials = list.undecidable(for: token, now: now) }
        return .when(denial == nil, else: .principalDenied)
    }

    private func checkRequiredClaims() -> CheckResult {
        guard let tenant = tenantIndex, let claims else { return .omitted }
        return tenant.trust.requiredClaims.isEmpty ? .passed : tenant.trust.checkRequirements(claims)
    }

    /// The time from which a new sign-in is accepted; nil if a new sign-in does not help against the refusal.
    var newSignInPasses: Timestamp? {
        if reason == .principalDenied { return denial?.newSignInPasses }
        guard reason == .sessionsRevoked, let tenant = tenantIndex, let objectID else { return nil }
        return watch.newSignInPasses(objectID, kind: kind, tenant)
    }

    private mutating func checkAccount() -> CheckResult {
        guard let tenant = tenantIndex, let claims, let objectID else { return .omitted }
        return watch.checkAccount(objectID, kind: kind, tenant, claims: claims)
    }

    // MARK: The Kubernetes user

    private mutating func checkGroups() -> CheckResult {
        guard let claims else { return .omitted }
        guard let tenant = tenantIndex else { return .when(!claims.groups.isMalformed, else: .groupsMalformed) }
        let problem = claims.groups.check(tenant.trust.groupOverage, isResolved: resolvedGroups != nil)
        guard let objectID, let kind else {
            // Without a subject there is nobody to ask about. Only explanations come this far.
            return problem == .failed(.groupResolutionFailed) ? .skipped : problem
        }
        var principal = EntraPrincipal(claims, tenantID: tenant.tenantID, objectID: objectID, kind: kind)
        if claims.groups.hasOverage, tenant.trust.groupOverage == .resolve, let resolvedGroups {
            var seen: Set<GUID> = []
            principal.groups = resolvedGroups.filter { seen.insert($0).inserted }
        }
        let hasEmergencyAccess = AccessPolicy.hasEmergencyAccess(objectID, by: tenant.policy.emergencyAccess, now: now)
        var watchProblem: RefusalReason?
        if problem == .passed || hasEmergencyAccess {
            watchProblem = watch.apply(to: &principal, tenant, tokenEnds: claims.expires)
        }
        if problem == .failed(.groupResolutionFailed) { groupResolution = principal }
        self.principal = principal
        if problem == .passed, watchProblem == nil { return .passed }
        // Emergency access needs a valid token and nothing else, so no groups either.
        if hasEmergencyAccess { return .skipped }
        return watchProblem.map { .failed($0) } ?? problem
    }

    private mutating func checkUsername() -> CheckResult {
        guard let tenant = tenantIndex, let claims else { return .omitted }
        guard let principal else {
            // There is no principal to name. Only explanations come this far.
            let kubernetes = rules.settings.kubernetes
            guard kind == .user, kubernetes.username.isByUserPrincipalName, let name = claims.userPrincipalName,
                AccessPolicy.isReserved(kubernetes.usernamePrefix + name)
            else { return .skipped }
            return .failed(.usernameReserved)
        }
        access = AccessPolicy.decide(principal, by: tenant.access, now: now, explains: Recorder.explains)
        return .when(access != nil, else: .usernameReserved)
    }

    private mutating func checkProof() -> CheckResult {
        guard let tenant = tenantIndex, let claims else { return .omitted }
        guard let envelope else {
            return tenant.trust.proofOfPossession.checkMissing(claims, hasOnlyClaims: hasOnlyClaims)
        }
        guard tenant.trust.proofOfPossession != .off else { return .failed(.proofOfPossessionNotAccepted) }
        do throws(ProofProblem) {
            proofUse = try envelope.verify(
                claims: claims, trust: tenant.trust, now: now, clockSkew: rules.settings.clockSkew)
            return .passed
        } catch {
            proofProblem = error
            return .failed(.proofOfPossessionInvalid)
        }
    }
}
