import Configuration

extension ConfigurationLinterTests {
    /// What is changed in the clean file, the rule that finds it, and the line.
    static let unwise: [(name: String, replaced: String, replacement: String, rule: LintRule, line: Int)] = [
        (
            "operations: ", "  clientCA: ca.crt", "  clientCA: ca.crt\n  operations: 0.0.0.0:8480",
            LintRule.operationsArePublic, 7
        ),
        ("anybody", "  clientCA: ca.crt", "  insecureAllowAnyClient: true", .anybodyMayAsk, 6),
        (
            "AKS audience", "aaaaaaaa-0000-0000-0000-000000000000", "6dae42f8-4368-4678-94ff-3960e28e3630",
            .sharedAudience, 9
        ),
        (
            "AKS audience with spn:", "aaaaaaaa-0000-0000-0000-000000000000",
            "'spn:6dae42f8-4368-4678-94ff-3960e28e3630'", .sharedAudience, 9
        ),
        (
            "Arc audience", "aaaaaaaa-0000-0000-0000-000000000000", "6256c85f-0aad-4d50-b960-e6e9b21efe35",
            .sharedAudience, 9
        ),
        ("Graph as audience", application, "00000003-0000-0000-c000-000000000000", .sharedAudience, 9),
        ("a service by its URI", application, "'https://management.core.windows.net/'", .sharedAudience, 9),
        ("a service of another cloud", application, "'https://vault.azure.cn'", .sharedAudience, 9),
        ("the AKS client as audience", application, "80faf920-1908-4b52-b5ef-a8e7bedfc67a", .audienceIsNoServer, 9),
        ("the tenant as audience", application, "11111111-2222-3333-4444-555555555555", .audienceIsNoServer, 9),
        ("personal accounts", "11111111-2222", "9188040d-6c67-4c5b-b112-36a304b66dad #", .tenantIsForeign, 8),
        ("no tenant", "11111111-2222", "00000000-0000-0000-0000-000000000000 #", .tenantIsForeign, 8),
        ("Microsoft's tenant", "11111111-2222", "f8cdef31-a31e-4b4a-93e4-5f571e91255a #", .tenantIsForeign, 8),
        (
            "an application ID URI alone", "aaaaaaaa-0000-0000-0000-000000000000",
            "'api://aaaaaaaa-0000-0000-0000-000000000000'", .audienceIsURI, 9
        ),
        ("no admins", "    adminGroupObjectIDs: [\(group)]", "    adminGroupObjectIDs: []", .noAdmins, 11),
        ("admins missing", "    adminGroupObjectIDs: [\(group)]\n", "", .noAdmins, 8),
        ("a group twice", "[\(group)]", "[\(group), \(group.uppercased())]", .adminGroupTwice, 11),
        (
            "a tenant as a group", "[\(group)]", "[\(group), 11111111-2222-3333-4444-555555555555]",
            .groupIsNoGroup, 11
        ),
        (
            "an audience as a group", "[\(group)]", "[\(group), aaaaaaaa-0000-0000-0000-000000000000]",
            .groupIsNoGroup, 11
        ),
        ("the AKS client as a group", "[\(group)]", "[80faf920-1908-4b52-b5ef-a8e7bedfc67a]", .groupIsNoGroup, 11),
        (
            "a tenant mapped", "    subjects: [user]",
            "    subjects: [user]\n    groupMappings: [{groupObjectID: 11111111-2222-3333-4444-555555555555, kubernetesGroups: [a]}]",
            .groupIsNoGroup, 11
        ),
        (
            "a group mapped twice", "    subjects: [user]",
            "    subjects: [user]\n    groupMappings: [{groupObjectID: \(group), kubernetesGroups: [a]}, {groupObjectID: \(group), kubernetesGroups: [b]}]",
            .mappedTwice, 11
        ),
        (
            "a role mapped twice", "    subjects: [user]",
            "    subjects: [user]\n    appRoleMappings: [{appRole: r, kubernetesGroups: [a]}, {appRole: r, kubernetesGroups: [b]}]",
            .mappedTwice, 11
        ),
        (
            "system:masters for admins", "tenants:", "kubernetes: {adminGroups: ['system:masters']}\ntenants:",
            .systemMasters, 7
        ),
        (
            "system:masters for a group", "    subjects: [user]",
            "    subjects: [user]\n    groupMappings: [{groupObjectID: \(group), kubernetesGroups: ['system:masters']}]",
            .systemMasters, 11
        ),
        (
            "system:masters for a role", "    subjects: [user]",
            "    subjects: [user]\n    appRoleMappings: [{appRole: r, kubernetesGroups: ['system:masters']}]",
            .systemMasters, 11
        ),
        (
            "a group of all who are signed in", "    subjects: [user]",
            "    subjects: [user]\n    groupMappings: [{groupObjectID: \(group), kubernetesGroups: ['system:authenticated']}]",
            .reservedGroup, 11
        ),
        (
            "service accounts for a role", "    subjects: [user]",
            "    subjects: [user]\n    appRoleMappings: [{appRole: r, kubernetesGroups: ['system:serviceaccounts:dev']}]",
            .reservedGroup, 11
        ),
        (
            "nodes for an emergency", "    subjects: [user]",
            "    subjects: [user]\n\(emergency)until: 2026-11-30T10:00:00Z, kubernetesGroups: ['system:nodes'], reason: r}]",
            .reservedGroup, 11
        ),
        (
            "a part of Kubernetes for admins", "tenants:", "kubernetes: {adminGroups: ['system:monitoring']}\ntenants:",
            .reservedGroup, 7
        ),
        (
            "an audience by its name", "[aaaaaaaa-0000-0000-0000-000000000000]", "[kubernetes-prod]",
            .audienceInNoToken, 9
        ),
        (
            "a comma behind an audience", "[aaaaaaaa-0000-0000-0000-000000000000]",
            "['aaaaaaaa-0000-0000-0000-000000000000,']", .audienceInNoToken, 9
        ),
        (
            "an imitable group", "    subjects: [user]",
            "    subjects: [user]\n    groupMappings: [{groupObjectID: \(group), kubernetesGroups: [9999aaaa-bbbb-cccc-dddd-eeeeffff0000]}]",
            .groupCanBeImitated, 11
        ),
        (
            "no admin Kubernetes groups", "tenants:", "kubernetes: {adminGroups: []}\ntenants:",
            .adminGroupsGiveNothing, 7
        ),
        (
            "a reserved prefix in the making", "tenants:", "kubernetes: {usernamePrefix: sys}\ntenants:",
            .prefixCanBeReserved, 7
        ),
        (
            "the whole prefix but the colon", "tenants:", "kubernetes: {usernamePrefix: system}\ntenants:",
            .prefixCanBeReserved, 7
        ),
        ("guests", "[user]", "[user, guest]", .guestsCanBeAdmins, 10),
        ("apps", "[user]", "[user, app]", .appsCanBeAdmins, 10),
        ("managed identities", "[user]", "[user, managedIdentity]", .appsCanBeAdmins, 10),
        ("agents", "[user]", "[user, agent]", .appsCanBeAdmins, 10),
        (
            "an ended emergency", "    subjects: [user]",
            "    subjects: [user]\n\(emergency)until: 2026-01-01T00:00:00Z, kubernetesGroups: [a], reason: r}]",
            .emergencyExpired, 11
        ),
        (
            "a long emergency", "    subjects: [user]",
            "    subjects: [user]\n\(emergency)until: 2027-01-01T00:00:00Z, kubernetesGroups: [a], reason: r}]",
            .emergencyTooLong, 11
        ),
        (
            "an emergency without a reason", "    subjects: [user]",
            "    subjects: [user]\n\(emergency)until: 2026-11-30T10:00:00Z, kubernetesGroups: [a]}]",
            .emergencyWithoutReason, 11
        ),
        (
            "system:masters for an emergency", "    subjects: [user]",
            "    subjects: [user]\n\(emergency)until: 2026-11-30T10:00:00Z, kubernetesGroups: ['system:masters'], reason: r}]",
            .systemMasters, 11
        ),
        ("UPNs of two tenants", "tenants:\n", "tenants:\n\(second)}\n", .userNamesCollide, 1),
        (
            "a group admin in two tenants", "tenants:\n", "tenants:\n\(second), adminGroupObjectIDs: [\(group)]}\n",
            .adminGroupTwice, 12
        ),
        (
            "admin here and mapped there", "tenants:\n",
            "tenants:\n\(second), groupMappings: [{groupObjectID: \(group), kubernetesGroups: [a]}]}\n",
            .adminGroupTwice, 12
        ),
        (
            "an unknown claim", "    subjects: [user]", "    subjects: [user]\n    requiredClaims: {deparment: it}",
            .unknownClaim, 11
        ),
        (
            "overage ignored", "    subjects: [user]", "    subjects: [user]\n    groupOverage: ignore",
            .overageIgnored, 11
        ),
        (
            "an unused directory", "    subjects: [user]",
            "    subjects: [user]\n    directory: {managedIdentity: true}", .directoryUnused, 11
        ),
        (
            "keys that age too fast", "    subjects: [user]",
            "    subjects: [user]\n    signingKeys: {maximumAge: 1h}", .keysAgeTooFast, 11
        ),
        (
            "fetching every minute", "    subjects: [user]",
            "    subjects: [user]\n    signingKeys: {refreshEvery: 1m}", .refreshTooOften, 11
        ),
        (
            "fetching for every token", "    subjects: [user]",
            "    subjects: [user]\n    signingKeys: {unknownKeyRefreshInterval: 1s}", .refreshTooOften, 11
        ),
        (
            "a body smaller than a token", "tenants:", "limits: {bodyBytes: 65536}\ntenants:",
            .bodySmallerThanToken, 7
        ),
        ("a large clock skew", "tenants:", "limits: {clockSkew: 10m}\ntenants:", .largeClockSkew, 7),
        ("a long deadline", "tenants:", "limits: {reviewDeadline: 30s}\ntenants:", .deadlineTooLong, 7),
        (
            "an imitable group with a prefix", "tenants:",
            "kubernetes: {groupPrefix: 'e:', adminGroups: ['e:\(group)']}\ntenants:", .groupCanBeImitated, 7
        ),
        (
            "emergency access of a group", "    subjects: [user]",
            "    subjects: [user]\n    emergencyAccess: [{objectID: \(group), until: 2026-11-30T10:00:00Z, kubernetesGroups: [a], reason: r}]",
            .objectIsNoObject, 11
        ),
        (
            "emergency access of an application's ID", "    subjects: [user]",
            "    subjects: [user]\n    emergencyAccess: [{objectID: aaaaaaaa-0000-0000-0000-000000000000, until: 2026-11-30T10:00:00Z, kubernetesGroups: [a], reason: r}]",
            .objectIsNoObject, 11
        ),
        (
            "the directory's client as a group", "    subjects: [user]",
            "    subjects: [user]\n    directory: {clientID: \(group), clientSecretFile: s}", .groupIsNoGroup, 12
        ),
        (
            "a life shorter than a token's", "    subjects: [user]",
            "    subjects: [user]\n    maximumTokenLifetime: 1s", .lifetimeTooShort, 11
        ),
        (
            "Graph answers kept for a day", "    subjects: [user]",
            "    subjects: [user]\n    directory: {managedIdentity: true, cacheFor: 1d}", .groupsKeptLong, 11
        ),
        (
            "old Graph answers kept for two days", "    subjects: [user]",
            "    subjects: [user]\n    directory: {managedIdentity: true, staleFor: 2d}", .groupsKeptLong, 11
        ),
        (
            "Graph slower than the review", "    subjects: [user]",
            "    subjects: [user]\n    directory: {managedIdentity: true, timeout: 6s}", .timeoutOverDeadline, 11
        ),
        (
            "keys kept for a month", "    subjects: [user]",
            "    subjects: [user]\n    signingKeys: {maximumAge: 30d}", .keysKeptLong, 11
        ),
        (
            "fewer bytes than a body", "tenants:", "limits: {bytesInFlight: 1000}\ntenants:",
            .bytesInFlightTooFew, 7
        ),
        (
            "fewer bytes than an access review", "tenants:", "limits: {bytesInFlight: 33554431}\ntenants:",
            .bytesInFlightTooFew, 7
        ),
        ("a short handshake", "tenants:", "limits: {handshakeTimeout: 1s}\ntenants:", .timeoutTooShort, 7),
        ("a short request", "tenants:", "limits: {requestTimeout: 1s}\ntenants:", .timeoutTooShort, 7),
        ("a short idle time", "tenants:", "limits: {idleTimeout: 1s}\ntenants:", .timeoutTooShort, 7),
        ("a short review", "tenants:", "limits: {reviewDeadline: 1s}\ntenants:", .timeoutTooShort, 7),
        (
            "operations under a name that begins like loopback", "  clientCA: ca.crt",
            "  clientCA: ca.crt\n  operations: 127.example:8480", .operationsArePublic, 7
        ),
        (
            "AKS audience in upper case", "aaaaaaaa-0000-0000-0000-000000000000",
            "'spn:6DAE42F8-4368-4678-94FF-3960E28E3630'", .sharedAudience, 9
        ),
        (
            "a watch", "    subjects: [user]",
            "    subjects: [user]\n    directory: {managedIdentity: true, watch: admins}", .watchIsTransitive, 11
        ),
        (
            "a watch every second", "    subjects: [user]",
            "    subjects: [user]\n    directory: {managedIdentity: true, watch: admins, watchEvery: 4s}",
            .watchTooOften, 11
        ),
        (
            "a claim that tokens of version 2.0 lack", "    subjects: [user]",
            "    subjects: [user]\n    requiredClaims: {amr: mfa}", .methodsAreMissing, 11
        ),
        (
            "a number in quotes", "    subjects: [user]",
            "    subjects: [user]\n    requiredClaims: {acct: '0'}", .claimHasOtherType, 11
        ),
        (
            "a life of years", "    subjects: [user]", "    subjects: [user]\n    maximumTokenLifetime: 3650d",
            .lifetimeTooLong, 11
        ),
        (
            "a denied entry that has ended", "    subjects: [user]",
            "    subjects: [user]\n    denied: [{tokenID: a, until: 2026-11-01T00:00:00Z, reason: r}]",
            .deniedEnded, 11
        ),
        (
            "a denied entry about expired tokens", "    subjects: [user]",
            "    subjects: [user]\n    denied: [{tokenID: a, issuedBefore: 2026-11-01T00:00:00Z, reason: r}]",
            .deniedTooOld, 11
        ),
        (
            "a denied tenant", "    subjects: [user]",
            "    subjects: [user]\n    denied: [{objectID: 11111111-2222-3333-4444-555555555555, reason: r}]",
            .deniedIsNoPrincipal, 11
        ),
        (
            "a denied group", "    subjects: [user]",
            "    subjects: [user]\n    denied: [{objectID: \(group), reason: r}]", .deniedIsNoPrincipal, 11
        ),
        (
            "an application that is a group", "    subjects: [user]",
            "    subjects: [user]\n    denied: [{clientAppID: \(group), reason: r}]", .deniedIsNoPrincipal, 11
        ),
        (
            "a mapping to admins", "    subjects: [user]",
            "    subjects: [user]\n    groupMappings: [{groupObjectID: 9999aaaa-bbbb-cccc-dddd-eeeeffff0000, kubernetesGroups: ['kube-entra:cluster-admins']}]",
            .mappingGivesAdmin, 11
        ),
        (
            "a group with a character without width", "    subjects: [user]",
            "    subjects: [user]\n    groupMappings: [{groupObjectID: 9999aaaa-bbbb-cccc-dddd-eeeeffff0000, kubernetesGroups: [\"kube-entra:cluster\u{200B}-admins\"]}]",
            .invisibleCharacters, 11
        ),
        (
            "a group with a Cyrillic letter", "tenants:",
            "kubernetes: {adminGroups: [\"kube-entra:cluster-\u{430}dmins\"]}\ntenants:", .invisibleCharacters, 7
        ),
        (
            "an app role with a blank at its end", "    subjects: [user]",
            "    subjects: [user]\n    appRoleMappings: [{appRole: 'Viewer ', kubernetesGroups: [a]}]",
            .invisibleCharacters, 11
        ),
        (
            "an allowance without a reason", "tenants:", "# kube-entra:allow system-masters\ntenants:",
            .allowanceWithoutReason, 7
        ),
        (
            "an allowance of nothing", "tenants:", "# kube-entra:allow nonsense because\ntenants:",
            .allowanceUnknown, 7
        ),
    ]
}
