"""Small wrong changes to the decision core. The unit tests of the Decision wing must notice each of them."""

from change import Change
from wire_changes import WIRE_CHANGES

EVALUATION = "TokenEvaluation.swift"
CLAIM_CHECKS = "ClaimChecks.swift"
SIGNATURE = "SignatureCheck.swift"
ANSWER = "Authenticator.swift"
ENVELOPE = "SignedHTTPRequest.swift"
CACHE = "DecisionCache.swift"
SHARD = "DecisionCacheShard.swift"
INDEX = "IssuerIndex.swift"
POLICY = "AccessPolicy.swift"
RULES = "GroupRuleIndex.swift"
DENIED = "DeniedEntry.swift"
KEY_SET = "KeySetReader.swift"
SNAPSHOT = "KeySnapshot.swift"
GROUPS = "GroupClaim.swift"
CLAIMS = "EntraClaims.swift"
NAMES = "NameForm.swift"
KIND = "SubjectKind+Claims.swift"
TRUST = "TokenValidationRules+Checks.swift"
AUDIENCES = "AudienceList.swift"
READER = "ClaimReader.swift"
PRINCIPAL = "PrincipalFacts.swift"
TENANT = "TokenValidationRules.swift"
HEADER = "TokenHeader.swift"
KNOWN_HEADER = "KnownHeaders.swift"
RSA = "RSAKeyProblem.swift"
JWK = "JWK.swift"
JWS = "CompactJWS.swift"

CHANGES = [
    # Size and structure
    Change(EVALUATION, "return .ended(.tokenMissing)", "return .ended(.tokenMalformed)"),
    Change(EVALUATION, "bytes.count <= rules.settings.tokenBytes", "bytes.count < rules.settings.tokenBytes"),
    Change(SIGNATURE, "error == .encrypted ? .tokenEncrypted : .tokenMalformed", ".tokenMalformed"),
    Change(SIGNATURE, "if outer.header.isEnvelope, let opened", "if let opened"),
    Change(JWS, "guard dotCount == 2 else", "guard dotCount >= 1 else"),
    Change(JWS, "guard dots.0 > 0, dots.1 > dots.0 + 1 else", "guard dots.1 > dots.0 + 1 else"),
    Change(JWS, "guard dots.0 > 0, dots.1 > dots.0 + 1 else", "guard dots.0 > 0 else"),
    Change(JWS, 'return document.root["enc"]?.string != nil', "return document.root.kind == .object"),
    Change(JWS, 'return document.root["enc"]?.string != nil', 'return document.root["enc"] != nil'),
    Change(HEADER, "maximumBytes = 4096", "maximumBytes = 4097"),
    Change(HEADER, "maximumValues = 64", "maximumValues = 65"),
    # Header, key and signature
    Change(KNOWN_HEADER, "return memcmp(one, other, part.count) == 0", "return memcmp(one, other, 1) == 0"),
    Change(EVALUATION, ".when(header?.isAlgorithmAllowed ?? false, else: .algorithmNotAllowed)", ".passed"),
    Change(EVALUATION, ".when(header?.forbidden.isEmpty ?? false, else: .headerNotAllowed)", ".passed"),
    Change(EVALUATION, ".when(header?.keyID != nil, else: .keyIDMissing)", ".passed"),
    Change(EVALUATION, "case .algorithm, .header, .keyID, .key: return", "case .algorithm, .header, .key: return"),
    Change(EVALUATION, "case .algorithm, .header, .keyID, .key: return", "case .algorithm, .keyID, .key: return"),
    Change(EVALUATION, "case .algorithm, .header, .keyID, .key: return", "case .header, .keyID, .key: return"),
    Change(EVALUATION, "case .algorithm, .header, .keyID, .key: return", "case .algorithm, .header, .keyID: return"),
    Change(
        EVALUATION,
        "case .claims where keys == nil && !hasOnlyClaims:",
        "case .claims where keys != nil && hasOnlyClaims:",
    ),
    Change(
        SIGNATURE,
        "isUsable(tenant: tenant, now: now) ? .keyNotFound : .keysUnavailable",
        "isUsable(tenant: tenant, now: now) ? .keysUnavailable : .keyNotFound",
    ),
    Change(
        SIGNATURE,
        "        refreshForSharedKeyID()\n        return .failed(.signatureInvalid)",
        "        return .failed(.signatureInvalid)",
    ),
    Change(SIGNATURE, "        return .failed(.signatureInvalid)\n", "        return .passed\n"),
    Change(
        SIGNATURE,
        "let tenant = untrustedTenant(), !tenants.contains(tenant)",
        "let tenant = untrustedTenant(), tenants.contains(tenant)",
    ),
    Change(
        SIGNATURE,
        "$0.length == jws.signedLength ? $0.digest : nil",
        "$0.length > 0 ? $0.digest : nil",
        "what was hashed always ends at the last dot, which in a token of three parts is this one",
    ),
    Change(HEADER, 'algorithm == "RS256"', 'algorithm?.uppercased() == "RS256"'),
    Change(HEADER, '("jku", header["jku"]), ', ""),
    Change(HEADER, '("x5u", header["x5u"]), ', ""),
    Change(HEADER, '("jwk", header["jwk"]), ', ""),
    Change(HEADER, '("crit", header["crit"]), ', ""),
    Change(HEADER, '("b64", header["b64"]), ', ""),
    Change(HEADER, '("zip", header["zip"]), ', ""),
    Change(HEADER, 'if bare != "jwt" && bare != "at+jwt" { forbidden.append("typ") }', ""),
    Change(SNAPSHOT, "return !set.keys.isEmpty && now < set.usableUntil", "return now < set.usableUntil"),
    Change(
        SNAPSHOT,
        "return !set.keys.isEmpty && now < set.usableUntil",
        "return !set.keys.isEmpty && now <= set.usableUntil",
    ),
    Change(
        SNAPSHOT, "candidate.tenants.contains { self.isUsable(tenant: $0, now: now) }", "!candidate.tenants.isEmpty"
    ),
    Change(SNAPSHOT, "firstIndex(where: { $0.numbers == numbers })", "indices.first"),
    # Keys that are good enough
    Change(RSA, 'guard keyType == "RSA" else { throw .keyTypeNotAllowed }', ""),
    Change(RSA, 'if let use = json["use"], use.string != "sig" { throw .notForSignatures }', ""),
    Change(RSA, 'operations.contains(where: { $0.string == "verify" })', "operations.count > 0"),
    Change(RSA, 'if let algorithm = json["alg"], algorithm.string != "RS256" { throw .algorithmNotAllowed }', ""),
    Change(RSA, "guard bits >= 2048 else", "guard bits >= 2040 else"),
    Change(RSA, "guard bits <= 4096 else", "guard bits <= 4104 else"),
    Change(RSA, "guard exponent.count <= 4, let last", "guard exponent.count <= 5, let last"),
    Change(RSA, "last & 1 == 1 else", "last < 255 else"),
    Change(RSA, ">= 65_537", ">= 3"),
    Change(RSA, ">= 65_537", "> 65_537"),
    Change(JWK, "Array($0.drop { $0 == 0 })", "$0"),
    Change(KEY_SET, "let keyID = jwk.keyID, !keyID.isEmpty else", "let keyID = jwk.keyID else"),
    Change(KEY_SET, "< maximumKeysPerID else", "<= maximumKeysPerID else"),
    Change(KEY_SET, "elements.count <= maximumKeys else", "elements.count <= maximumKeys + 1 else"),
    Change(KEY_SET, "contains(numbers) != true {", "isEmpty != false {"),
    Change(KEY_SET, "trust.vouches(forKeyIssuer: issuer) else", "!issuer.isEmpty else"),
    # Claims
    Change(EVALUATION, "return .when(claims.malformed.isEmpty, else: .claimsMalformed)", "return .passed"),
    Change(EVALUATION, ", known.matches(claims.version) {", " {"),
    Change(
        EVALUATION,
        "return .when(claims.tenantGUID == tenant.tenantID, else: .tenantMismatch)",
        "return .passed",
    ),
    Change(EVALUATION, "if isUsable, signature.signer?.tenants.contains(tenantID) == true {", "if isUsable {"),
    Change(
        EVALUATION,
        "if isUsable, signature.signer?.tenants.contains(tenantID) == true {",
        "if signature.signer?.tenants.contains(tenantID) == true {",
    ),
    Change(
        EVALUATION,
        "        issuerRefreshTenant = tenantID\n        return .failed(isUsable",
        "        return .failed(isUsable",
    ),
    Change(EVALUATION, "lacksKeys(failing: check) ? .keysUnavailable : reason", "reason"),
    Change(EVALUATION, "        case .claims, .issuer, .tenant:\n", "        case .claims, .issuer:\n"),
    Change(
        EVALUATION, "            issuerRefreshTenant = tenantID\n            return true", "            return true"
    ),
    Change(
        EVALUATION,
        "isUsable ? .keyIssuerMismatch : .keysUnavailable",
        "isUsable ? .keysUnavailable : .keyIssuerMismatch",
    ),
    Change(EVALUATION, ".when(claims?.isAccessToken ?? false, else: .tokenKindNotAccepted)", ".passed"),
    Change(AUDIENCES, "claims.audienceText else { return false }", "claims.audienceText else { return true }"),
    Change(
        CLAIM_CHECKS,
        "now < expires.adding(seconds: clockSkew)",
        "now <= expires.adding(seconds: clockSkew)",
    ),
    Change(CLAIM_CHECKS, "now < expires.adding(seconds: clockSkew)", "now < expires"),
    Change(
        CLAIM_CHECKS,
        "now >= notBefore.adding(seconds: -clockSkew)",
        "now > notBefore.adding(seconds: -clockSkew)",
    ),
    Change(CLAIM_CHECKS, "now >= notBefore.adding(seconds: -clockSkew)", "now >= notBefore"),
    Change(CLAIM_CHECKS, "expires.seconds(since: start) <= seconds", "expires.seconds(since: start) < seconds"),
    Change(CLAIMS, "expires <= notBefore { reader", "expires < notBefore { reader"),
    Change(CLAIMS, "{ issuedAt ?? notBefore }", "{ notBefore ?? issuedAt }"),
    Change(CLAIMS, "version == .v2 ? authorizedParty ?? appID : appID ?? authorizedParty", "appID ?? authorizedParty"),
    Change(CLAIMS, "if version == nil { reader.refuse(.version) }", ""),
    Change(CLAIMS, "if expires == nil { reader.refuse(.expires) }", ""),
    Change(CLAIMS, "if notBefore == nil && issuedAt == nil { reader.refuse(.issuedAt) }", ""),
    Change(CLAIMS, "isBound = reader[.confirmation] != nil", 'isBound = reader[.confirmation]?["kid"] != nil'),
    Change(READER, "text.utf8.count <= 1024", "text.utf8.count <= 1025"),
    Change(NAMES, "&& !isBlank(first)", ""),
    Change(NAMES, "&& !isBlank(last)", ""),
    Change(NAMES, "scalar.properties.isWhitespace || ", ""),
    Change(NAMES, 'if scalar.isASCII { return scalar == " " }', "if scalar.isASCII { return false }"),
    Change(NAMES, ' || scalar == "\\u{2800}"', ""),
    Change(NAMES, "0x2028...0x202E", "0x2029...0x202D"),
    Change(INDEX, "version == nil || version == self.version", "version != nil"),
    Change(
        TENANT,
        '"\\(authority ?? cloud.legacyIssuerBase)/\\(tenantID)/"',
        '"\\(authority ?? cloud.legacyIssuerBase)/\\(tenantID)"',
    ),
    Change(AUDIENCES, 'audience.starts(with: "spn:".utf8)', 'audience.starts(with: "spn".utf8)'),
    Change(AUDIENCES, "id != nil && $0.id == id", "false"),
    Change(
        TRUST,
        "guard !allowedClientAppIDs.isEmpty else { return true }",
        "guard allowedClientAppIDs.isEmpty else { return true }",
    ),
    Change(TRUST, "isThere && !required.holds(claims)", "!required.holds(claims)"),
    Change(TRUST, 'if claim == "scp", let scopes', 'if claim == "scope", let scopes'),
    # The subject
    Change(
        EVALUATION,
        "kind != .unknown && tenant.trust.subjects.contains(kind)",
        "tenant.trust.subjects.contains(kind)",
        "no configuration can name the unknown kind among its subjects",
    ),
    Change(EVALUATION, "kind != .unknown && tenant.trust.subjects.contains(kind)", "kind != .unknown"),
    Change(EVALUATION, "return .when(objectID != nil, else: .subjectMissing)", "return .passed"),
    Change(EVALUATION, "return .when(denial == nil, else: .principalDenied)", "return .passed"),
    Change(EVALUATION, "issuedAt: areTokenTimesReal ? claims.issuedAt : nil)", "issuedAt: claims.issuedAt)"),
    Change(EVALUATION, "isHypothetical: hasOnlyClaims)", "isHypothetical: false)"),
    Change(DENIED, "until.map { now < $0 } ?? true", "until.map { now <= $0 } ?? true"),
    Change(DENIED, "until.map { now < $0 } ?? true", "until.map { now < $0 } ?? false"),
    Change(CLAIM_CHECKS, "if isMissing { return .failed(.requiredClaimMissing) }", ""),
    Change(CLAIM_CHECKS, "return .when(!isOther, else: .requiredClaimMismatch)", "return .passed"),
    Change(KIND, '$0 == "11" || $0 == "13"', '$0 == "11"'),
    Change(KIND, "if claims.account == 1 || ", "if "),
    Change(KIND, ' || claims.identityRelations.contains("5")', ""),
    Change(KIND, "claims.hasScopes || claims.userPrincipalName != nil", "claims.userPrincipalName != nil"),
    Change(KIND, ' || claims.identityRelations.contains("33")', ""),
    Change(KIND, "? byte & 0xDF : byte", "? byte : byte"),
    # Groups and what they give
    Change(GROUPS, "dropped += 1", "dropped += 2"),
    Change(
        GROUPS,
        "if isNew { objectIDs.append(id) }",
        "if isNew || true { objectIDs.append(id) }",
    ),
    Change(GROUPS, ' || hasGroups?.string == "true"', ""),
    Change(GROUPS, 'claimNames?["groups"] != nil || ', ""),
    Change(
        CLAIM_CHECKS,
        "case (true, .deny): isMalformed ? .failedTwice(.groupOverage, .groupsMalformed) : .failed(.groupOverage)",
        "case (true, .deny): .passed",
    ),
    Change(CLAIM_CHECKS, "where !isMalformed && !isResolved", "where !isMalformed"),
    Change(
        CLAIM_CHECKS,
        "case (true, _), (false, _): .when(!isMalformed, else: .groupsMalformed)",
        "case (true, _), (false, _): .passed",
    ),
    Change(
        EVALUATION,
        "resolvedGroups.filter { seen.insert($0).inserted }",
        "resolvedGroups.filter { seen.insert($0).inserted || true }",
    ),
    Change(EVALUATION, "if problem == .failed(.groupResolutionFailed) { groupResolution = principal }", ""),
    Change(EVALUATION, "if hasEmergencyAccess { return .skipped }", ""),
    Change(EVALUATION, "if problem == .passed || hasEmergencyAccess {", "if problem == .passed {"),
    Change(EVALUATION, "return watchProblem.map { .failed($0) } ?? problem", "return problem"),
    Change(POLICY, "guard !isReserved(username) else { return nil }", ""),
    Change(POLICY, "filter { $0.objectID == principal.objectID && now < $0.until }", "filter { now < $0.until }"),
    Change(
        POLICY,
        "filter { $0.objectID == principal.objectID && now < $0.until }",
        "filter { $0.objectID == principal.objectID && now <= $0.until }",
    ),
    Change(POLICY, "contains { $0.objectID == objectID && now < $0.until }", "contains { $0.objectID == objectID }"),
    Change(POLICY, "rules.kubernetes.groupObjectIDs == .include {", "rules.kubernetes.groupObjectIDs == .drop {"),
    Change(POLICY, "isAdmin: !admins.isEmpty || givesAdminGroup", "isAdmin: !admins.isEmpty"),
    Change(RULES, "append(policy.adminGroupObjectIDs.count + number)", "append(number)"),
    Change(RULES, "        found.sort()\n", ""),
    Change(RULES, "return number != last", "return true"),
    Change(RULES, "guard found.count > 1 else { return found }", "guard found.count > 2 else { return found }"),
    Change(RULES, "for group in groups {\n            if", "for group in groups.dropFirst() {\n            if"),
    Change(POLICY, "principal.kind == .user,", "principal.kind != .app,"),
    Change(POLICY, "            GUID(name) == nil\n", "            !name.isEmpty\n"),
    Change(POLICY, "(65...90).contains($0)", "(65...89).contains($0)"),
    Change(POLICY, "for group in gives where !self.gives(group) {", "for group in gives {"),
    Change(PRINCIPAL, '.prefixed("JTI=", tokenID)', ".text(tokenID)"),
    # Proof of possession
    Change(
        EVALUATION,
        "guard tenant.trust.proofOfPossession != .off else { return .failed(.proofOfPossessionNotAccepted) }",
        "",
    ),
    Change(CLAIM_CHECKS, "!claims.isBound && self != .require, else", "!claims.isBound, else"),
    Change(CLAIM_CHECKS, "!claims.isBound && self != .require, else", "self != .require, else"),
    Change(
        ENVELOPE,
        'guard header.isAlgorithmAllowed, header.forbidden == ["typ"] else',
        'guard header.forbidden == ["typ"] else',
    ),
    Change(
        ENVELOPE,
        'guard header.isAlgorithmAllowed, header.forbidden == ["typ"] else',
        "guard header.isAlgorithmAllowed else",
    ),
    Change(ENVELOPE, "header.keyID.map({ ExactText($0) }) == boundKeyID, ", ""),
    Change(ENVELOPE, "            ExactText(thumbprint) == boundKeyID\n", "            !thumbprint.isEmpty\n"),
    Change(ENVELOPE, "SignedHTTPRequest.isSameHost(host, expected)", "!host.isEmpty, !expected.isEmpty"),
    Change(ENVELOPE, "? byte | 0x20 : byte", "? byte : byte"),
    Change(ENVELOPE, "!nonce.isEmpty, ", ""),
    Change(ENVELOPE, "nonce.utf8.count <= 1024", "nonce.utf8.count <= 1025"),
    Change(ENVELOPE, "guard now < expires, made", "guard now <= expires, made"),
    Change(ENVELOPE, "guard now < expires, made", "guard made"),
    Change(ENVELOPE, "made <= now.adding(seconds: clockSkew) else", "made < now.adding(seconds: clockSkew) else"),
    Change(ENVELOPE, "        guard isSigned else { throw .signature }\n", "        _ = isSigned\n"),
    Change(ENVELOPE, 'digest("\\(thumbprint)\\n\\(nonce)")', "digest(nonce)"),
    # The answer, and how long it is one
    Change(ANSWER, "            decision.proofUse = proofUse\n", ""),
    Change(ANSWER, "            decision.groupResolution = groupResolution\n", ""),
    Change(ANSWER, "min(expires.adding(seconds: clockSkew), set.usableUntil)", "expires.adding(seconds: clockSkew)"),
    Change(ANSWER, "min(expires.adding(seconds: clockSkew), set.usableUntil)", "set.usableUntil"),
    Change(ANSWER, "end = min(end, entry.until)", "end = min(end, entry.until.adding(seconds: 1))"),
    Change(CACHE, "decision.proofUse == nil && decision.groupResolution == nil", "decision.proofUse == nil"),
    Change(CACHE, "decision.proofUse == nil && decision.groupResolution == nil", "decision.groupResolution == nil"),
    Change(SHARD, "guard now < slot.end else", "guard now <= slot.end else"),
    Change(
        SHARD,
        "guard slot.decision.basis == basis, now >= slot.decision.validFrom else",
        "guard slot.decision.basis == basis else",
    ),
    Change(
        SHARD,
        "guard slot.decision.basis == basis, now >= slot.decision.validFrom else",
        "guard now >= slot.decision.validFrom else",
    ),
    *WIRE_CHANGES,
]
