import AccessPolicy
import DirectoryGroups
import Entra
import EntraTokens
import SigningKeys

extension TenantSettings {
    /// A tenant with all defaults.
    static let blank = TenantSettings(
        trust: TokenValidationRules(tenantID: .zero, audiences: []), policy: TenantPolicy())

    static let description = SectionDescription<TenantSettings>(
        blank, check: { tenant, section in tenant.checkNeeds(&section) }, trustFields + policyFields + sourceFields)

    /// The fields that say which tokens are valid.
    private static let trustFields: [FieldDescription<TenantSettings>] = [
        FieldDescription(
            "tenantID", \.trust.tenantID, .tenantID, "the tenant's ID",
            required: "the tenant's ID, from the overview page of Microsoft Entra",
            example: .word("11111111-2222-3333-4444-555555555555"), change: .silent,
            lint: unwiseTenant),
        FieldDescription(
            "cloud", \.trust.cloud, .choice, "public | usGovernment | china", isShown: true,
            change: .choice { old, new in
                "tokens of cloud \(new.rawValue) are accepted instead of those of cloud \(old.rawValue)"
            }),
        FieldDescription(
            "authority", \.trust.authority, .optional(.secureBase), "replaces the cloud's sign-in address",
            details: "For private clouds and tests: keys are fetched from it, and tokens are issued by it.",
            example: .word("https://login.example"), change: .authority),
        FieldDescription(
            "authorityCA", \.authorityCA, .optional(.file(.authorityCA)),
            "the CA of the authority's certificate; default: the system's"),
        FieldDescription(
            "audiences", \.trust.audiences, .list(.audience, notEmpty: "list the server application's ID"),
            "an application ID also accepts its spn: form; anything else is matched exactly",
            required: "list the server application's ID, so that other applications' tokens are refused",
            isEssential: false, example: .list([.name("aaaaaaaa-0000-0000-0000-000000000000")]),
            change: .names(
                added: { "tokens for audience \($0) are accepted now" },
                removed: { "tokens for audience \($0) are no longer accepted" }),
            lint: unwiseAudiences),
        FieldDescription(
            "allowedClientAppIDs", \.trust.allowedClientAppIDs, .list(.identifier(ConfigField.applicationID)),
            "applications that may ask for tokens (appid, azp); empty: any",
            example: .list([.word("80faf920-1908-4b52-b5ef-a8e7bedfc67a")]), change: .clients),
        FieldDescription(
            "subjects", \.trust.subjects, .subjects, "who may sign in; also: agent, device",
            example: .list([.word("user"), .word("guest")]), isShown: true, change: .subjects),
        FieldDescription(
            "requiredClaims", \.trust.requiredClaims, .requiredClaims, "claim: value, or a list of accepted values",
            details: "A string, a number or a boolean is met by a claim of the same JSON type only. A claim that is a"
                + " list is met by one of its elements, `scp` by one of its words.", change: .requiredClaims,
            lint: unwiseClaims),
        FieldDescription(
            "maximumTokenLifetime", \.trust.maximumTokenLifetime,
            FieldType<Duration>.duration().map({ $0.components.seconds }, back: { .seconds($0) }),
            "tokens that are valid for longer are refused",
            details: "29h accepts the long-lived tokens of continuous access evaluation and managed identities.",
            change: .more(
                {
                    "tokens may be valid for \(DurationText.render(.seconds($1))) instead of"
                        + " \(DurationText.render(.seconds($0)))"
                }, words: { DurationText.render(.seconds($0)) }),
            lint: unwiseLifetime),
    ]

    /// What groups, roles and entries grant or deny.
    private static let policyFields: [FieldDescription<TenantSettings>] = [
        FieldDescription(
            "adminGroupObjectIDs", \.policy.adminGroupObjectIDs, .list(.identifier(ConfigField.groupID)),
            "groups whose members are cluster admins",
            example: .list([.word("5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed")]), isShown: true, isGrant: true,
            change: .adminGroups),
        FieldDescription(
            "groupMappings", \.policy.groupMappings, .list(.section(GroupMapping.description)),
            "what members of other groups get", isShown: true, isGrant: true, change: .groupMappings),
        FieldDescription(
            "appRoleMappings", \.policy.appRoleMappings, .list(.section(AppRoleMapping.description)),
            "what principals with an app role get", isShown: true, isGrant: true, change: .appRoleMappings),
        FieldDescription(
            "groupOverage", \.trust.groupOverage, .choice, "more than 200 groups: deny | resolve | ignore",
            details: "`resolve` asks Microsoft Graph and needs `directory`.", isShown: true,
            change: .choice({ $0 == .deny ? .gains : $1 == .deny ? .loses : .changes }) { _, new in
                "principals in too many groups for a token \(new.consequence)"
            }
        ) { tenant, place in
            tenant.trust.groupOverage == .ignore
                ? place.finding(
                    .overageIgnored, "who is in more than 200 groups signs in without any of them",
                    "that may be meant: they are no admins then") : []
        },
        FieldDescription(
            "directory", \.directory, .optional(.section(DirectorySettings.description)),
            "Microsoft Graph, for groupOverage: resolve and for watch", change: .directory
        ) { tenant, place in
            guard let directory = tenant.directory, directory.watch == .off, tenant.trust.groupOverage != .resolve
            else { return [] }
            return place.finding(
                .directoryUnused,
                "groupOverage is \(tenant.trust.groupOverage.rawValue) and watch off, so nobody is asked",
                "set groupOverage: resolve or watch, or remove directory")
        },
        FieldDescription(
            "denied", \.policy.denied, .list(.section(DeniedEntry.description)),
            "what is refused although the token is valid: an objectID, a clientAppID or a tokenID", change: .denied),
        FieldDescription(
            "deniedFile", \.deniedFile, .optional(.file(.deniedList)),
            "the same list in a file that `kube-entra deny` edits",
            details: "Both lists apply. An unusable file is an error; while `serve` runs, the last good list"
                + " stays active.", change: .deniedFile
        ) { tenant, place in
            // Whoever brings keys by hand, to try the program or without a network, brings `denied` the same way.
            guard tenant.deniedFile == nil, tenant.signingKeys.file == nil else { return [] }
            return place.finding(
                .noDenyList, "there is none, so `kube-entra deny` can lock nobody out of this tenant",
                DenyFile.advice(folder: "") + "; where that command cannot reach the file, add to denied instead")
        },
        FieldDescription(
            "emergencyAccess", \.policy.emergencyAccess, .list(.section(EmergencyEntry.description)),
            "what single principals get until a point in time", isShown: true, isGrant: true, change: .emergencies),
    ]

    /// How proof of possession is checked, and where keys come from.
    private static let sourceFields: [FieldDescription<TenantSettings>] = [
        FieldDescription(
            "proofOfPossession", \.trust.proofOfPossession, .choice,
            "off | accept | require: bound tokens in envelopes",
            change: .choice(
                { $1 == .require ? .loses : $0 == .off ? .gains : .changes },
                { old, new in new.consequence(after: old) })),
        FieldDescription(
            "clusterHost", \.trust.clusterHost, .optional(.hostName),
            "the bare host name that envelopes must carry in u",
            example: .word("cluster.example"),
            change: .sentence { old, new in
                "proofs of possession must be made for \(new ?? "no host") instead of \(old ?? "no host")"
            } words: {
                $0
            }),
        FieldDescription(
            "signingKeys", \.signingKeys, .section(SigningKeySettings.description),
            "how signing keys are fetched and kept",
            isShown: true),
    ]

    private func checkNeeds(_ section: inout ConfigSection) -> Bool {
        if trust.groupOverage == .resolve, !section.has("directory") {
            section.missing("directory", "groupOverage: resolve needs to know how to ask Microsoft Graph")
        }
        if trust.proofOfPossession != .off, !section.has("clusterHost") {
            section.missing(
                "clusterHost",
                "proofOfPossession: \(trust.proofOfPossession.rawValue) needs the host name in the envelopes")
        }
        return true
    }
}

extension FieldChange where Value == String? {
    fileprivate static var authority: Self {
        FieldChange { name, old, new, collector, context in
            // Without another base, the one of the cloud of the compared tenant.
            func base(_ authority: String?, _ file: LoadedConfiguration) -> String {
                let path = collector.path
                let tenant = file.configuration.tenants.first { path.hasPrefix("tenants[\($0.trust.tenantID)]") }
                return authority ?? tenant?.trust.authorityBase ?? Cloud.public.authority
            }
            collector.add(
                name, .changes,
                "tokens issued by \(base(new, context.new)) are accepted instead of those issued by"
                    + " \(base(old, context.old))", before: old, after: new)
        }
    }
}

extension FieldChange where Value == DirectorySettings? {
    fileprivate static var directory: Self {
        FieldChange { name, old, new, collector, context in
            switch (old, new) {
            case (nil, _?): collector.add(name, .changes, "the directory can be asked for groups now")
            case (_?, nil): collector.add(name, .changes, "the directory can no longer be asked for groups")
            case (let old?, let new?):
                collector.inside("\(name).") { DirectorySettings.description.compare(old, new, &$0, context) }
            case (nil, nil): break
            }
        }
    }
}

extension FieldChange where Value == Set<SubjectKind> {
    fileprivate static var subjects: Self {
        FieldChange { name, old, new, collector, _ in
            collector.set(name, old.map(\.rawValue), new.map(\.rawValue)) { kind in
                (.gains, "\(SubjectKind(rawValue: kind)?.people ?? kind) may sign in now")
            } removed: { kind in
                (.loses, "\(SubjectKind(rawValue: kind)?.people ?? kind) may no longer sign in")
            }
        }
    }
}

extension SubjectKind {
    fileprivate var people: String {
        switch self {
        case .user: "users of the tenant"
        case .guest: "guests"
        case .app: "applications"
        case .managedIdentity: "managed identities"
        case .agent: "agents"
        case .device: "devices"
        case .unknown: "unknown principals"
        }
    }
}

extension GroupOverageRule {
    fileprivate var consequence: String {
        switch self {
        case .deny: "may no longer sign in"
        case .resolve: "sign in with the groups that the directory names"
        case .ignore: "sign in without their groups"
        }
    }
}

extension ProofOfPossessionRule {
    fileprivate func consequence(after old: ProofOfPossessionRule) -> String {
        switch (old, self) {
        case (_, .off): "proof-of-possession tokens are no longer accepted, bearer tokens are"
        case (_, .require): "bearer tokens are no longer accepted, only those with a proof of possession"
        case (.require, .accept): "bearer tokens without a proof of possession are accepted now"
        case (_, .accept): "tokens with a proof of possession are accepted now"
        }
    }
}
