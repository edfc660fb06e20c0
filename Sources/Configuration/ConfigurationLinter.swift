internal import AccessPolicy
internal import EntraTokens
internal import Timestamps

/// Looks for what works and is unwise.
public struct ConfigurationLinter {
    private let loaded: LoadedConfiguration
    let facts: LintFacts
    private var findings: [LintFinding] = []

    var configuration: WebhookConfiguration { loaded.configuration }

    private init(_ loaded: LoadedConfiguration, facts: LintFacts) {
        self.loaded = loaded
        self.facts = facts
    }

    /// All findings in the order of the file, those that a comment silences included.
    public static func findings(in loaded: LoadedConfiguration, facts: LintFacts) -> [LintFinding] {
        var linter = ConfigurationLinter(loaded, facts: facts)
        linter.lintServer()
        for (index, tenant) in loaded.configuration.tenants.enumerated() {
            linter.lint(tenant, at: "tenants[\(index)]")
        }
        linter.lintTenantsTogether()
        linter.lintKubernetes()
        linter.lintLimits()
        linter.lintFiles()
        linter.lintAllowances()
        return linter.silenced().sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    mutating func add(_ rule: LintRule, _ field: String, _ message: String, _ advice: String) {
        let position = position(field)
        findings.append(
            LintFinding(
                rule: rule, field: field, line: position.line, column: position.column, message: message, advice: advice
            ))
    }

    /// Where the field stands, or else the nearest field around it.
    private func position(_ field: String) -> FieldPosition {
        var path = Substring(field)
        while !path.isEmpty {
            if let position = loaded.positions[String(path)] { return position }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
            path = path[..<end]
        }
        return FieldPosition(line: 1, column: 1)
    }

    // MARK: Server

    private mutating func lintServer() {
        let server = configuration.server
        if server.insecureAllowAnyClient {
            add(
                .anybodyMayAsk, "server.insecureAllowAnyClient",
                "anybody who reaches the address may have tokens judged",
                "set clientCA, made by `kube-entra certs create`")
        }
        if !server.operations.isLoopback {
            add(
                .operationsArePublic, "server.operations",
                "metrics and status are open to everybody who reaches the address",
                "listen on 127.0.0.1, or close the port to others")
        }
        if let expires = facts.certificateExpires, expires < facts.now.adding(seconds: 30 * 86_400) {
            let hasExpired = expires <= facts.now
            add(
                .certificateExpires, "server.certificate",
                hasExpired
                    ? "the certificate expired at \(expires.rfc3339)" : "the certificate expires at \(expires.rfc3339)",
                "make a new one with `kube-entra certs create --renew`")
        }
        if let names = facts.certificateNames {
            let host = server.listen.host
            let isAnyAddress = host == "0.0.0.0" || host == "::"
            if names.isEmpty || (!isAnyAddress && !names.contains { $0.lowercased() == host.lowercased() }) {
                add(
                    .certificateLacksName, "server.certificate",
                    names.isEmpty
                        ? "the certificate names no host, so kube-apiserver cannot accept it"
                        : "the certificate does not name \(host)",
                    "make one with `kube-entra certs create --host \(host)`, or use a named host in the webhook's kubeconfig"
                )
            }
        }
        if let mode = facts.keyFileMode, mode & 0o004 != 0 {
            add(.keyIsReadable, "server.privateKey", "everybody on this host may read the private key", "chmod 600 it")
        }
    }

    // MARK: Tenants

    private mutating func lint(_ tenant: TenantSettings, at path: String) {
        lintAudiences(tenant, path)
        lintGroups(tenant, path)
        lintEmergency(tenant, path)
        lintSubjects(tenant, path)
        for required in tenant.trust.requiredClaims where !KnownClaims.contains(required.claim) {
            add(
                .unknownClaim, "\(path).requiredClaims.\(required.claim)",
                "no access token of Entra is known to carry this claim", "check its spelling; nobody could sign in")
        }
        if tenant.trust.groupOverage == .ignore {
            add(
                .overageIgnored, "\(path).groupOverage", "who is in more than 200 groups signs in without any of them",
                "that may be meant: they are no admins then")
        }
        if tenant.directory != nil, tenant.trust.groupOverage != .resolve {
            add(
                .directoryUnused, "\(path).directory",
                "groupOverage is \(tenant.trust.groupOverage.rawValue), so nobody is asked",
                "set groupOverage: resolve, or remove directory")
        }
        lintKeys(tenant.signingKeys, path)
    }

    private mutating func lintAudiences(_ tenant: TenantSettings, _ path: String) {
        let shared = [
            "6dae42f8-4368-4678-94ff-3960e28e3630": "AKS", "6256c85f-0aad-4d50-b960-e6e9b21efe35": "Arc-enabled",
        ]
        for (index, audience) in tenant.trust.audiences.enumerated() {
            let bare = audience.hasPrefix("spn:") ? String(audience.dropFirst(4)) : audience
            guard let kind = shared[bare] else { continue }
            add(
                .sharedAudience, "\(path).audiences[\(index)]",
                "every \(kind) cluster of the tenant takes tokens for this application, so one cluster's can be used at another",
                "register an application for this cluster and use its ID")
        }
    }

    private mutating func lintGroups(_ tenant: TenantSettings, _ path: String) {
        var applications = Set(tenant.trust.audiences.compactMap { GUID($0) } + tenant.trust.allowedClientAppIDs)
        if let clientID = tenant.directory?.clientID { applications.insert(clientID) }
        applications.formUnion(KnownClaims.applications)
        let tenants = Set(configuration.tenants.map(\.trust.tenantID))
        var seen: Set<GUID> = []
        func what(_ id: GUID) -> String? {
            tenants.contains(id) ? "a tenant's ID" : applications.contains(id) ? "an application's ID" : nil
        }
        for (index, group) in tenant.policy.adminGroupObjectIDs.enumerated() {
            let field = "\(path).adminGroupObjectIDs[\(index)]"
            if let what = what(group) {
                add(.groupIsNoGroup, field, "this is \(what), not a group's", "use the group's object ID")
            }
            if !seen.insert(group).inserted {
                add(.adminGroupTwice, field, "this group is listed twice", "remove one of them")
            }
        }
        var mapped: Set<GUID> = []
        for (index, mapping) in tenant.policy.groupMappings.enumerated() {
            let field = "\(path).groupMappings[\(index)]"
            if let what = what(mapping.groupObjectID) {
                add(
                    .groupIsNoGroup, field + ".groupObjectID", "this is \(what), not a group's",
                    "use the group's object ID")
            }
            if !mapped.insert(mapping.groupObjectID).inserted {
                add(
                    .mappedTwice, field + ".groupObjectID", "this group is mapped twice",
                    "put all its groups into one entry")
            }
            lint(given: mapping.kubernetesGroups, field)
        }
        var roles: Set<String> = []
        for (index, mapping) in tenant.policy.appRoleMappings.enumerated() {
            let field = "\(path).appRoleMappings[\(index)]"
            if !roles.insert(mapping.appRole).inserted {
                add(.mappedTwice, field + ".appRole", "this role is mapped twice", "put all its groups into one entry")
            }
            lint(given: mapping.kubernetesGroups, field)
        }
    }

    private mutating func lint(given groups: [String], _ path: String, list: String = "kubernetesGroups") {
        for (index, group) in groups.enumerated() {
            let field = "\(path).\(list)[\(index)]"
            if group == "system:masters" {
                add(
                    .systemMasters, field, "system:masters is above RBAC: nothing can take it away or limit it",
                    "use a group of your own and bind it to cluster-admin")
            }
            let kubernetes = configuration.kubernetes
            if GUID(group) != nil, kubernetes.groupPrefix.isEmpty, kubernetes.groupObjectIDs == .include {
                add(
                    .groupCanBeImitated, field,
                    "members of the Entra group with this object ID get the same Kubernetes group by themselves",
                    "use a name that is no object ID, or set groupPrefix")
            }
        }
    }

    private mutating func lintEmergency(_ tenant: TenantSettings, _ path: String) {
        for (index, entry) in tenant.policy.emergencyAccess.enumerated() {
            let field = "\(path).emergencyAccess[\(index)]"
            if entry.until <= facts.now {
                add(
                    .emergencyExpired, field + ".until", "this access ended at \(entry.until.rfc3339)",
                    "remove the entry")
            } else if entry.until > facts.now.adding(seconds: 24 * 3600) {
                add(
                    .emergencyTooLong, field + ".until", "this access lasts for more than 24 hours",
                    "end it sooner; who needs it for longer belongs in a group")
            }
            if entry.reason.isEmpty {
                add(.emergencyWithoutReason, field, "this access has no reason", "say why, for the audit log")
            }
            lint(given: entry.kubernetesGroups, field)
        }
    }

    private mutating func lintSubjects(_ tenant: TenantSettings, _ path: String) {
        guard !tenant.policy.adminGroupObjectIDs.isEmpty else { return }
        if tenant.trust.subjects.contains(.guest) {
            add(
                .guestsCanBeAdmins, "\(path).subjects", "a guest who is put into an admin group becomes admin",
                "leave guest out of subjects if that must not be")
        }
        if !tenant.trust.subjects.isDisjoint(with: [.app, .managedIdentity, .agent]) {
            add(
                .appsCanBeAdmins, "\(path).subjects", "an application that is put into an admin group becomes admin",
                "leave app, managedIdentity and agent out of subjects if that must not be")
        }
    }

    private mutating func lintKeys(_ keys: SigningKeySettings, _ path: String) {
        let field = "\(path).signingKeys"
        if let file = keys.file {
            if let time = facts.keyFileTimes[file], time < facts.now.adding(seconds: -30 * 86_400) {
                add(
                    .offlineKeysAreOld, field + ".file",
                    "these keys are from \(time.rfc3339); Entra has probably changed its own",
                    "fetch them again with `kube-entra keys fetch`")
            }
            return
        }
        if keys.maximumAge < keys.refreshEvery * 2 {
            add(
                .keysAgeTooFast, field + ".maximumAge", "one failed refresh locks everybody out",
                "make maximumAge several times refreshEvery")
        }
        if keys.refreshEvery < .seconds(300) {
            add(
                .refreshTooOften, field + ".refreshEvery",
                "keys are fetched every \(DurationText.render(keys.refreshEvery))",
                "an hour is enough: unknown keys are fetched at once anyway")
        }
        if keys.unknownKeyRefreshInterval < .seconds(30) {
            add(
                .refreshTooOften, field + ".unknownKeyRefreshInterval",
                "forged tokens can cause a fetch every \(DurationText.render(keys.unknownKeyRefreshInterval))",
                "set it to 5m")
        }
    }

    private mutating func lintTenantsTogether() {
        let tenants = configuration.tenants
        if tenants.allSatisfy({ $0.policy.adminGroupObjectIDs.isEmpty }) {
            add(
                .noAdmins, "tenants[0].adminGroupObjectIDs", "no group is an admin group, so nobody would be admin",
                "list the object ID of the admins' group")
        }
        for (index, tenant) in tenants.enumerated() {
            for (place, group) in tenant.policy.adminGroupObjectIDs.enumerated() {
                let others = tenants.indices.filter { $0 != index }
                for other in others
                where tenants[other].policy.groupMappings.contains(where: { $0.groupObjectID == group }) {
                    add(
                        .adminGroupTwice, "tenants[\(index)].adminGroupObjectIDs[\(place)]",
                        "this is an admin group here and a mapped group in tenants[\(other)]",
                        "a group belongs to one tenant: remove it from the other")
                }
                for other in others where other < index && tenants[other].policy.adminGroupObjectIDs.contains(group) {
                    add(
                        .adminGroupTwice, "tenants[\(index)].adminGroupObjectIDs[\(place)]",
                        "this group is an admin group of tenants[\(other)] as well",
                        "a group belongs to one tenant: remove it from the other")
                }
            }
        }
        if tenants.count > 1, configuration.kubernetes.username == .upn {
            add(
                .userNamesCollide, "kubernetes.username", "users of several tenants are named by UPN",
                "set username: oid, so that no two people share a name")
        }
    }

    private mutating func lintKubernetes() {
        let kubernetes = configuration.kubernetes
        if !kubernetes.usernamePrefix.isEmpty, "system:".hasPrefix(kubernetes.usernamePrefix) {
            add(
                .prefixCanBeReserved, "kubernetes.usernamePrefix",
                "with this prefix a user name can begin with system:",
                "use a prefix that is not the beginning of system:")
        }
        if kubernetes.adminGroups.isEmpty {
            add(
                .adminGroupsGiveNothing, "kubernetes.adminGroups", "membership in an admin group gives nothing",
                "name the Kubernetes group that is bound to cluster-admin")
        }
        lint(given: kubernetes.adminGroups, "kubernetes", list: "adminGroups")
    }

    private mutating func lintLimits() {
        let limits = configuration.limits
        if limits.bodyBytes < limits.tokenBytes + 1024 {
            add(
                .bodySmallerThanToken, "limits.bodyBytes",
                "a token of tokenBytes does not fit into a body of bodyBytes",
                "make bodyBytes larger than tokenBytes by at least 1024")
        }
        if limits.clockSkew > .seconds(300) {
            add(
                .largeClockSkew, "limits.clockSkew",
                "tokens stay valid for \(DurationText.render(limits.clockSkew)) after they expire",
                "keep the clocks in step and set it to 60s")
        }
        if limits.reviewDeadline > .seconds(25) {
            add(
                .deadlineTooLong, "limits.reviewDeadline", "kube-apiserver gives up after 30 s",
                "set it to 5s: no answer must wait longer")
        }
    }

    // MARK: Comments

    private mutating func lintAllowances() {
        for allowance in loaded.allowances {
            let rule: LintRule = LintRule(rawValue: allowance.rule) == nil ? .allowanceUnknown : .allowanceWithoutReason
            guard rule == .allowanceUnknown || allowance.reason.isEmpty else { continue }
            findings.append(
                LintFinding(
                    rule: rule, field: "", line: allowance.line, column: 1,
                    message: rule == .allowanceUnknown
                        ? "there is no rule of that name" : "this comment silences a rule without a reason",
                    advice: rule == .allowanceUnknown
                        ? "see the list of rules in the README" : "write the reason behind the rule's name"))
        }
    }

    /// A comment silences its rule on the line that it is about, and for fields that are not in the file.
    private func silenced() -> [LintFinding] {
        findings.map { finding in
            var finding = finding
            let isAbsent = loaded.positions[finding.field] == nil
            let allowance = loaded.allowances.first { allowance in
                allowance.rule == finding.rule.rawValue && !allowance.reason.isEmpty
                    && (isAbsent || allowance.target == finding.line)
            }
            finding.allowedBecause = allowance?.reason
            return finding
        }
    }
}

/// What is known of Entra's access tokens.
enum KnownClaims {
    private static let names: Set<String> = [
        "aud", "iss", "iat", "nbf", "exp", "aio", "acr", "acrs", "acct", "amr", "appid", "appidacr", "azp", "azpacr",
        "family_name", "given_name", "groups", "hasgroups", "idp", "idtyp", "ipaddr", "login_hint", "name", "oid",
        "onprem_sid", "onprem_sam_account_name", "preferred_username", "puid", "rh", "roles", "scp", "sid", "sub",
        "tid",
        "tenant_ctry", "tenant_region_scope", "unique_name", "upn", "uti", "ver", "verified_primary_email",
        "verified_secondary_email", "wids", "xms_cc", "xms_ssm", "xms_mirid", "xms_idrel", "xms_sub_fct", "xms_act_fct",
        "xms_pdl", "xms_pl", "xms_tpl", "xms_tcdt", "xms_tdbr", "xms_ftd", "xms_st", "xms_edov", "email", "ctry", "fwd",
        "in_corp", "vnet", "deviceid", "auth_time", "pwd_exp", "pwd_url", "ztdid", "cnf", "nonce", "family", "platf",
        "signin_state", "home_oid", "department", "employeeid", "jobtitle", "xms_az_rid", "xms_az_tm",
        "xms_az_nwperimid",
    ]

    /// Directory extensions have names of their own.
    static func contains(_ name: String) -> Bool {
        names.contains(name) || name.hasPrefix("extension_") || name.hasPrefix("extn.")
    }

    static let applications: [GUID] = [
        "6dae42f8-4368-4678-94ff-3960e28e3630", "80faf920-1908-4b52-b5ef-a8e7bedfc67a",
        "6256c85f-0aad-4d50-b960-e6e9b21efe35", "3f4439ff-e698-4d6d-84fe-09c9d574f06b",
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "00000003-0000-0000-c000-000000000000",
    ].compactMap { GUID($0) }
}
