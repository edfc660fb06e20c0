"""Small wrong changes to the text, the JSON and the wire format of reviews."""

from change import Change

ANSWER = "Authenticator.swift"
ENVELOPE = "SignedHTTPRequest.swift"
POLICY = "AccessPolicy.swift"
REASONS = "RefusalReason.swift"
BASE64 = "Base64URL.swift"
SCANNER = "JSONScanner.swift"
ESCAPES = "JSONBytes.swift"
DOCUMENT = "JSONDocument.swift"
NUMBER = "JSONNumber.swift"
BODY = "TokenReviewRequest.swift"
ACCESS_BODY = "AccessReviewRequest.swift"
WATCH = "WatchCheck.swift"
FACTS = "WatchFacts.swift"
REVIEW = "AccessReview.swift"
GRANTS = "GrantIndex.swift"

WIRE_CHANGES = [
    # Text, JSON and the wire
    Change(BASE64, "guard second & 15 == 0 else { return false }", ""),
    Change(BASE64, "guard third & 3 == 0 else { return false }", ""),
    Change(BASE64, "return seen < 64", "return true"),
    Change(BASE64, "if invalid & 1 != 0 { seen = 0xFF }", ""),
    Change(
        BASE64,
        "return tail == 1 ? nil : length / 4 * 3 + (tail == 0 ? 0 : tail - 1)",
        "return length / 4 * 3 + (tail <= 1 ? 0 : tail - 1)",
    ),
    Change(SCANNER, "guard place == bytes.count else { return nil }", ""),
    Change(
        SCANNER,
        "guard mayOpen(depth), scanObject(depth: depth + 1) else",
        "guard mayOpen(depth), scanObject(depth: depth) else",
    ),
    Change(
        SCANNER,
        "guard mayOpen(depth), scanArray(depth: depth + 1) else",
        "guard mayOpen(depth), scanArray(depth: depth) else",
    ),
    Change(SCANNER, "|| JSONNames.areDistinct(entries[first...], in: bytes) else", "|| entries.count >= first else"),
    Change(
        SCANNER,
        "guard let end = JSONEscapes.end(of: place, in: bytes, acceptsZero: strictness.acceptsZero) else {\n"
        "                    return nil\n"
        "                }",
        "let end = place + 2",
    ),
    Change(
        SCANNER,
        "guard let end = JSONBytes.endOfScalar(in: bytes, from: place) else { return nil }",
        "let end = place + 1",
    ),
    Change(
        SCANNER,
        "            default: return nil\n            }\n        }\n    }\n\n    // MARK: Between values",
        "            default: place += 1\n            }\n        }\n    }\n\n    // MARK: Between values",
    ),
    Change(
        ESCAPES,
        "unit(at: place, in: bytes), first != 0 || acceptsZero else { return nil }",
        "unit(at: place, in: bytes) else { return nil }",
    ),
    Change(ESCAPES, "case 0xDC00...0xDFFF: return nil", "case 0xDC00...0xDFFF: return place + 6"),
    Change(DOCUMENT, "guard bytes.count <= limits.bytes else", "guard bytes.count < limits.bytes else"),
    Change(DOCUMENT, "if byte == 0 { throw JSONError(.invalid) }", ""),
    Change(DOCUMENT, "if depth > limits.depth { throw", "if depth > limits.depth + 1 { throw"),
    Change(DOCUMENT, "if values > limits.values { throw", "if values > limits.values + 1 { throw"),
    Change(DOCUMENT, 'case UInt8(ascii: ","): values += 1', 'case UInt8(ascii: ","): break'),
    Change(
        NUMBER,
        'guard whole > place, whole == place + 1 || bytes[place] != UInt8(ascii: "0") else { return nil }',
        "guard whole > place else { return nil }",
    ),
    Change(NUMBER, "guard integer(text) != nil else { return nil }", ""),
    Change(
        BODY,
        'guard let spec = review["spec"], spec.kind == .object else { throw .specMissing }',
        'guard let spec = review["spec"] else { throw .specMissing }',
    ),
    Change(BODY, "guard review.kind == .object else { throw .notAnObject }", ""),
    Change(BODY, 'guard review["kind"]?.string == TokenReviewVersion.kind else { throw .wrongKind }', ""),
    Change(BODY, "else { throw .tokenNotText }", "else { throw .specMissing }"),
    Change(BODY, "maximumDepth = 16", "maximumDepth = 64"),
    Change(BODY, "maximumValues = 10_000", "maximumValues = 1_000_000"),
    Change(ACCESS_BODY, 'guard root["kind"]?.string == "SubjectAccessReview" else { throw .wrongKind }', ""),
    Change(
        ACCESS_BODY,
        'case "authorization.k8s.io/v1beta1": version = .v1beta1',
        'case "authorization.k8s.io/v1beta1": version = .v1',
    ),
    Change(ACCESS_BODY, "guard value.kind == .string else { throw problem }", ""),
    Change(ACCESS_BODY, "JSONStrictness(acceptsZero: true, ", "JSONStrictness("),
    Change(ACCESS_BODY, "(acceptsZero: true, distinctDepth: 2)", "(acceptsZero: true)"),
    Change(ACCESS_BODY, "(acceptsZero: true, distinctDepth: 2)", "(acceptsZero: true, distinctDepth: 1)"),
    Change(ACCESS_BODY, "guard error == .notJSON || error == .tooDeep,", "guard error == .tooDeep,"),
    Change(ACCESS_BODY, "guard seen.insert(name).inserted else { throw .notJSON }", ""),
    Change(
        ACCESS_BODY,
        "guard let members = value.members else { throw .extraNotLists }",
        "guard let members = value.members else { throw .groupsNotTexts }",
    ),
    Change(
        ACCESS_BODY,
        "guard let array = value.array else { throw problem }",
        "guard let array = value.array else { return [] }",
    ),
    Change(
        ACCESS_BODY,
        "guard let text = element.string else { throw problem }",
        "guard let text = element.string else { continue }",
    ),
    # What the directory says later
    Change(WATCH, "if let kind, known.until < end {", "if let kind, known.until <= end {"),
    Change(WATCH, "return .when(problem == nil, else: problem ?? .accountDisabled)", "return .passed"),
    Change(WATCH, "guard tenant.watch != nil, kind != .device else", "guard kind != .device else"),
    Change(WATCH, "guard tenant.watch != nil, kind != .device else", "guard tenant.watch != nil else"),
    Change(
        WATCH,
        "guard rule.scope == .everyone || isWatchedAdmin(principal, policy: tenant.policy) else { return nil }",
        "",
    ),
    Change(
        WATCH, "rule.scope == .everyone || isWatchedAdmin(principal, policy: tenant.policy)", "rule.scope == .everyone"
    ),
    Change(
        WATCH, "if facts.tenants[principal.tenantID]?.isFull != true {", "if facts.tenants[principal.tenantID] != nil {"
    ),
    Change(
        WATCH,
        "if let membership = known.membership { principal.groups = membership.applied(to: principal.groups) }",
        "",
    ),
    Change(
        WATCH,
        "return known.isSilent && rule.refusesInSilence ? .groupResolutionFailed : nil",
        "return known.isSilent ? .groupResolutionFailed : nil",
    ),
    Change(WATCH, "return known.isSilent && rule.refusesInSilence ? .groupResolutionFailed : nil", "return nil"),
    Change(WATCH, "if known.isFirstAnswerDue {", "if known.membership == nil && known.isSilent {"),
    Change(
        WATCH,
        "            awaitsFirstAnswer = true\n            return rule.refusesInSilence ? .groupResolutionFailed : nil",
        "            return rule.refusesInSilence ? .groupResolutionFailed : nil",
    ),
    Change(WATCH, "if policy.adminGroupObjectIDs.contains(where: principal.groups.contains) { return true }", ""),
    Change(WATCH, "entry.objectID == principal.objectID && now < entry.until", "now < entry.until"),
    Change(WATCH, "entry.objectID == principal.objectID && now < entry.until", "entry.objectID == principal.objectID"),
    Change(WATCH, "entry.kubernetesGroups.contains(where: adminGroups.contains)", "!adminGroups.isEmpty"),
    Change(FACTS, "let lost = asked.filter { !members.contains($0) }", "let lost: [GUID] = []"),
    Change(FACTS, "members.contains($0) && !groups.contains($0) }", "members.contains($0) }"),
    Change(FACTS, "if !account.isEnabled { return .accountDisabled }", ""),
    Change(FACTS, "{ $0 >= validFrom } ?? false", "{ $0 > validFrom } ?? false"),
    Change(FACTS, "{ $0 >= validFrom } ?? false", "{ $0 >= validFrom } ?? true"),
    Change(ANSWER, "reason == .accountDisabled || reason == .sessionsRevoked || isAboutWatch", "isAboutWatch"),
    Change(ANSWER, "reason == .sessionsRevoked || isAboutWatch {", "reason == .sessionsRevoked {"),
    Change(ANSWER, "awaitsFirstAnswer && (reason == nil || isAboutWatch)", "awaitsFirstAnswer && reason == nil"),
    Change(ANSWER, "decision.watchVersion = watch.version(decision.subject)", ""),
    # Access reviews
    Change(REVIEW, "where tenantIDs.contains(tenant.tenantID) {", "{"),
    Change(
        REVIEW,
        "guard let denial = review.denial(watch), found.map({ denial.reason < $0.reason })",
        "guard let denial = review.denial(watch), found.map({ $0.reason < denial.reason })",
    ),
    Change(
        REVIEW,
        "guard let denial = denial(of: objectID, known), found.map({ denial.reason < $0.reason })",
        "guard let denial = denial(of: objectID, known), found.map({ $0.reason < denial.reason })",
    ),
    Change(REVIEW, "let known = tenant.watch == nil ? nil : watch.principal", "let known = watch.principal"),
    Change(REVIEW, "return denied(objectID, entry)", "if entry.reason.isEmpty { return denied(objectID, entry) }"),
    Change(REVIEW, "times.contains(nil)", "times.isEmpty"),
    Change(REVIEW, "times.compactMap { $0 }.min()", "times.compactMap { $0 }.max()"),
    Change(REVIEW, "clientAppID: evidence.clients.first, ", "clientAppID: nil, "),
    Change(REVIEW, "tokenID: evidence.tokenIDs.first)", "tokenID: nil)"),
    Change(REVIEW, 'credential.utf8.starts(with: "JTI=".utf8)', "credential.utf8.count > 4"),
    Change(REVIEW, "for client in evidence.clients.dropFirst()", "for client in evidence.clients.dropFirst(9)"),
    Change(REVIEW, "for tokenID in evidence.tokenIDs.dropFirst()", "for tokenID in evidence.tokenIDs.dropFirst(9)"),
    Change(REVIEW, "by: \\.objectID)", "by: { _ in evidence.objectIDs[0] })"),
    Change(
        REVIEW, "let inForce = entries.filter { now < $0.until }", "let inForce = entries.filter { now <= $0.until }"
    ),
    Change(REVIEW, "guard !inForce.isEmpty else { return true }", ""),
    Change(REVIEW, "&& !inForce.contains { $0.kubernetesGroups.contains(group) } &&", "&&"),
    Change(REVIEW, "&& !tenant.grants.isGivenByAppRole(group)\n", "\n"),
    Change(REVIEW, "\n                && tenant.grants.groups(granting: group).isEmpty", ""),
    Change(
        REVIEW,
        "granting.allSatisfy { membership.contains($0) == false }",
        "granting.contains { membership.contains($0) == false }",
    ),
    Change(REVIEW, "membership.contains($0) == false }", "membership.contains($0) != true }"),
    Change(REVIEW, "&& !isGivenByEmergency(group, objectID)", ""),
    Change(REVIEW, "!tenant.grants.isGivenByAppRole(group), !tenant", "!tenant"),
    Change(REVIEW, ", !tenant.grants.isGivenByItself(group)\n", "\n"),
    Change(REVIEW, "now < $0.until && $0.kubernetesGroups", "$0.kubernetesGroups"),
    Change(GRANTS, "let id = objectID(group), configured.contains(id)", "let id = objectID(group)"),
    Change(GRANTS, "if group == Self.authenticated { return true }", ""),
    Change(GRANTS, "guard includesObjectIDs, bytes", "guard bytes"),
    # Reasons
    Change(REASONS, "case .audienceNotAccepted: 350", "case .audienceNotAccepted: 365"),
    Change(REASONS, "case .principalDenied: 430", "case .principalDenied: 445"),
    Change(POLICY, " || collector.gives(masters)", ""),
    Change(ENVELOPE, 'nonce)"), made: made,', 'nonce)"), made: expires,'),
]
