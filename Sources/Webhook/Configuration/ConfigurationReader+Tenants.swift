internal import AccessPolicy
internal import Addresses
internal import EntraTokens
internal import YAML

extension ConfigurationReader {
    func tenants(_ file: inout Section) -> [TenantSettings] {
        guard let node = file.value("tenants") else {
            file.missing("tenants", "list at least one tenant")
            return []
        }
        let field = Field(node: node, path: "tenants", collector: collector)
        var seen: [GUID: Int] = [:]
        var caches: [[Substring]: Int] = [:]
        var index = -1
        return field.nonEmptyList("list at least one tenant") { element -> TenantSettings? in
            index += 1
            guard element.node.mapping != nil else {
                return element.refuse("must be a mapping of fields, not \(element.node.kindName)")
            }
            var section = Section(element.node, path: element.path, collector: collector)
            guard let tenant = tenant(&section) else { return nil }
            if let first = seen[tenant.trust.tenantID], let idNode = section.value("tenantID") {
                return Field(node: idNode, path: section.fieldPath("tenantID"), collector: collector)
                    .refuse("is the tenant of tenants[\(first)] again; list each tenant once")
            }
            seen[tenant.trust.tenantID] = index
            if let cache = tenant.signingKeys.cacheFile?.split(separator: "/").filter({ $0 != "." }) {
                if let first = caches[cache], let keysNode = section.value("signingKeys") {
                    var keys = Section(keysNode, path: section.fieldPath("signingKeys"), collector: collector)
                    if let node = keys.value("cacheFile") {
                        return Field(node: node, path: keys.fieldPath("cacheFile"), collector: collector)
                            .refuse("is the cache file of tenants[\(first)] too; each tenant needs its own")
                    }
                }
                caches[cache] = index
            }
            return tenant
        } ?? []
    }

    /// Reads every field, so that all problems are found; nil when the tenant's ID is missing or wrong.
    private func tenant(_ section: inout Section) -> TenantSettings? {
        let tenantID = section.required("tenantID", "the tenant's ID, from the overview page of Microsoft Entra") {
            field in
            if let name = field.node.text, ["common", "organizations", "consumers"].contains(name) {
                return field.refuse("must be one tenant's ID: \(name) stands for every tenant there is") as GUID?
            }
            return field.guid("a tenant ID")
        }
        let cloud = section.field("cloud", default: Cloud.public) { $0.choice() }
        let authority = section.optional("authority") { secureBase($0) }
        let authorityCA = section.optional("authorityCA", path)
        let audiences =
            section.required(
                "audiences", "list the server application's ID, so that other applications' tokens are refused"
            ) { field in
                field.nonEmptyList("list the server application's ID", audience)
            } ?? []
        let clients = section.list("allowedClientAppIDs", default: []) { $0.guid("an application ID") }
        let standard: [SubjectKind] = [.user, .guest, .app, .managedIdentity]
        let subjects = section.field("subjects", default: standard) { field in
            field.nonEmptyList("nobody could sign in") { $0.choice(among: SubjectKind.configurable) }
        }
        let required = requiredClaims(section.section("requiredClaims"))
        let lifetime = section.field("maximumTokenLifetime", default: .seconds(29 * 3600)) { $0.duration() }
        let policy = policy(&section)
        let overage = section.field("groupOverage", default: GroupOverageRule.deny) { $0.choice() }
        let directory = directory(&section)
        if overage == .resolve, !section.has("directory") {
            section.missing("directory", "groupOverage: resolve needs to know how to ask Microsoft Graph")
        }
        let deniedFile = section.optional("deniedFile", path)
        let (proof, host) = proofOfPossession(&section)
        let keys = signingKeys(section.section("signingKeys"))
        section.finish()
        guard let tenantID else { return nil }
        let trust = TenantTrust(
            tenantID: tenantID,
            cloud: cloud,
            authority: authority,
            audiences: audiences,
            allowedClientAppIDs: clients,
            subjects: Set(subjects),
            requiredClaims: required,
            maximumTokenLifetime: lifetime.components.seconds,
            groupOverage: overage,
            proofOfPossession: proof,
            clusterHost: host
        )
        return TenantSettings(
            trust: trust, policy: policy, authorityCA: authorityCA, directory: directory, deniedFile: deniedFile,
            signingKeys: keys)
    }

    private func audience(_ field: Field) -> String? {
        guard let text = field.nonEmptyText() else { return nil }
        return GUID(lenient: text)?.description ?? text
    }

    private func policy(_ section: inout Section) -> TenantPolicy {
        var policy = TenantPolicy()
        policy.adminGroupObjectIDs = section.list("adminGroupObjectIDs", default: []) { $0.guid(Field.groupID) }
        policy.groupMappings = section.list("groupMappings", default: []) { field in
            var entry = Section(field.node, path: field.path, collector: collector)
            let id = entry.required("groupObjectID", "the object ID of an Entra group") { $0.guid(Field.groupID) }
            let groups = kubernetesGroups(&entry)
            entry.finish()
            return id.map { GroupMapping(groupObjectID: $0, kubernetesGroups: groups) }
        }
        policy.appRoleMappings = section.list("appRoleMappings", default: []) { field in
            var entry = Section(field.node, path: field.path, collector: collector)
            let role = entry.required("appRole", "the value of an app role") { $0.nonEmptyText() }
            let groups = kubernetesGroups(&entry)
            entry.finish()
            return role.map { AppRoleMapping(appRole: $0, kubernetesGroups: groups) }
        }
        policy.emergencyAccess = section.list("emergencyAccess", default: []) { field in
            var entry = Section(field.node, path: field.path, collector: collector)
            let id = entry.required("objectID", "the object ID of a user or application") { $0.guid("an object ID") }
            let until = entry.required("until", "when the access ends, for example 2026-12-01T00:00:00Z") { $0.time() }
            let groups = kubernetesGroups(&entry)
            let reason = entry.field("reason", default: "") { $0.scalar() }
            entry.finish()
            guard let id, let until else { return nil }
            return EmergencyEntry(objectID: id, until: until, kubernetesGroups: groups, reason: reason)
        }
        policy.denied = section.list("denied", default: [], deniedEntry)
        return policy
    }

    private func deniedEntry(_ field: Field) -> DeniedEntry? {
        var entry = Section(field.node, path: field.path, collector: collector)
        let targets: [DeniedEntry.Target?] = [
            entry.optional("objectID") { $0.guid("an object ID") }.map { .objectID($0) },
            entry.optional("clientAppID") { $0.guid("an application ID") }.map { .clientAppID($0) },
            entry.optional("tokenID") { $0.nonEmptyText() }.map { .tokenID($0) },
        ]
        let issuedBefore = entry.optional("issuedBefore") { $0.time() }
        let until = entry.optional("until") { $0.time() }
        let reason = entry.required("reason", "say why, for the log and whoever reads the list later") {
            (field) -> String? in
            guard let text = field.nonEmptyText() else { return nil }
            return text.unicodeScalars.count > 256 ? field.refuse("must not be longer than 256 characters") : text
        }
        let given = ["objectID", "clientAppID", "tokenID"].filter { entry.has($0) }
        let advice = "set exactly one of objectID, clientAppID, tokenID"
        entry.finish()
        if given.isEmpty { entry.missing("objectID", advice) }
        if given.count > 1 { return field.refuse("denies by several IDs: \(advice)") }
        guard let target = targets.compactMap({ $0 }).first, let reason else { return nil }
        return DeniedEntry(target: target, issuedBefore: issuedBefore, until: until, reason: reason)
    }

    private func kubernetesGroups(_ entry: inout Section) -> [String] {
        entry.required("kubernetesGroups", "list what it gives") { field in
            field.nonEmptyList("list what it gives", groupName)
        } ?? []
    }

    private func requiredClaims(_ given: Section) -> [RequiredClaim] {
        (given.node?.mapping ?? []).compactMap { member in
            let name = member.key.text ?? ""
            let field = Field(node: member.value, path: given.fieldPath(name), collector: collector)
            collector.note(field.path, at: member.value)
            guard !name.isEmpty else { return field.refuse("must have the name of a claim") }
            if member.value.sequence != nil {
                guard let values = field.nonEmptyList("list the accepted values", claimValue) else { return nil }
                return RequiredClaim(claim: name, values: values)
            }
            guard member.value.mapping == nil, let value = claimValue(field) else {
                return member.value.mapping == nil ? nil : field.refuse("must be a value or a list of values")
            }
            return RequiredClaim(claim: name, values: [value])
        }
    }

    /// A string, a number or a boolean, which only a claim of the same type meets.
    private func claimValue(_ field: Field) -> ClaimValue? {
        if let isTrue = field.node.bool { return .boolean(isTrue) }
        guard field.node.isNumber else { return field.scalar().map { .string($0) } }
        if let number = field.node.integer { return .integer(Int64(number)) }
        guard let text = field.node.text, let number = Double(text), number.isFinite,
            text.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) })
        else { return field.refuse("must be a decimal number, or a string in quotes") }
        return .real(number)
    }

    private func proofOfPossession(_ section: inout Section) -> (ProofOfPossessionRule, String?) {
        let rule = section.field("proofOfPossession", default: ProofOfPossessionRule.off) { $0.choice() }
        let host: String? = section.optional("clusterHost") { field in
            guard let text = field.nonEmptyText() else { return nil }
            guard text.utf8.allSatisfy({ $0 > 32 && !"/:@?#".utf8.contains($0) }) else {
                return field.refuse("must be a bare host name, without scheme, port or path")
            }
            return text
        }
        if rule != .off, !section.has("clusterHost") {
            section.missing("clusterHost", "proofOfPossession: \(rule.rawValue) needs the host name in the envelopes")
        }
        return (rule, host)
    }

    // MARK: Keys and directory

    private func signingKeys(_ given: Section) -> SigningKeySettings {
        var section = given
        var keys = SigningKeySettings()
        keys.refreshEvery = section.field("refreshEvery", default: keys.refreshEvery) { $0.duration() }
        keys.unknownKeyRefreshInterval = section.field(
            "unknownKeyRefreshInterval", default: keys.unknownKeyRefreshInterval
        ) { $0.duration() }
        keys.maximumAge = section.field("maximumAge", default: keys.maximumAge) { $0.duration() }
        keys.cacheFile = section.optional("cacheFile", path)
        keys.file = section.optional("file", path)
        keys.proxy = section.optional("proxy") { field in
            guard let text = field.nonEmptyText() else { return nil }
            guard let url = BaseURL(text), url.path.isEmpty || url.path == "/" else {
                return field.refuse("must be http(s)://host:port, with user:password@ before the host if needed")
            }
            return text
        }
        section.finish()
        return keys
    }

    private func directory(_ tenant: inout Section) -> DirectorySettings? {
        guard tenant.has("directory") else { return nil }
        var section = tenant.section("directory")
        let clientID = section.optional("clientID") { $0.guid("an application ID") }
        let secret = section.optional("clientSecretFile", path)
        let certificate = section.optional("clientCertificateFile", path)
        let token = section.optional("federatedTokenFile", path)
        let managed = section.field("managedIdentity", default: false) { $0.bool() }
        let credentials: [DirectoryCredential] =
            [
                secret.map { .clientSecretFile($0) }, certificate.map { .clientCertificateFile($0) },
                token.map { .federatedTokenFile($0) },
            ].compactMap { $0 } + (managed ? [.managedIdentity] : [])
        let advice = "set exactly one of clientSecretFile, clientCertificateFile, federatedTokenFile, managedIdentity"
        if credentials.isEmpty { section.missing("clientSecretFile", advice) }
        if credentials.count > 1, let node = section.node {
            collector.add(section.path, node, "has several ways to sign in: \(advice)")
        }
        if clientID == nil, !managed, !section.has("clientID") {
            section.missing("clientID", "the application that may read group memberships")
        }
        var settings = DirectorySettings(clientID: clientID, credential: credentials.first ?? .managedIdentity)
        settings.groups = section.field("groups", default: settings.groups) { $0.choice() }
        settings.timeout = section.field("timeout", default: settings.timeout) { $0.duration() }
        settings.cacheFor = section.field("cacheFor", default: settings.cacheFor) { $0.duration(from: .zero) }
        settings.staleFor = section.field("staleFor", default: settings.staleFor) { $0.duration(from: .zero) }
        settings.graphEndpoint = section.optional("graphEndpoint") { secureBase($0) }
        settings.graphCA = section.optional("graphCA", path)
        settings.watch = section.field("watch", default: settings.watch) { $0.choice() }
        settings.watchEvery = section.field("watchEvery", default: settings.watchEvery) { $0.duration() }
        settings.whenSilent = section.field("whenSilent", default: settings.whenSilent) { $0.choice() }
        section.finish()
        return settings
    }

    /// An `https://` base without a slash at its end.
    private func secureBase(_ field: Field) -> String? {
        guard let text = field.nonEmptyText() else { return nil }
        guard let url = BaseURL(text), url.scheme == "https", !url.hasUserInfo else {
            return field.refuse("must be an https:// address without user, query and fragment")
        }
        return url.withoutTrailingSlash
    }
}

extension SubjectKind {
    /// What may stand in `subjects`.
    static let configurable = allCases.filter { $0 != .unknown }
}
