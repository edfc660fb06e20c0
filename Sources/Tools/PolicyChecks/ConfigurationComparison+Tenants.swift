internal import AccessPolicy
internal import Configuration
internal import EntraTokens
internal import Timestamps

extension ConfigurationComparison {
    /// Differences in who may sign in from which tenant, and what they may do.
    func tenants() -> [PolicyChange] {
        let before = old.configuration.tenants
        let after = new.configuration.tenants
        let isOne = before.count == 1 && after.count == 1 && before[0].trust.tenantID == after[0].trust.tenantID
        var changes: [PolicyChange] = []
        for tenant in before + after.filter({ one in !before.contains { $0.trust.tenantID == one.trust.tenantID } }) {
            let id = tenant.trust.tenantID
            var collector = ChangeCollector()
            collector.path = "tenants[\(id)]"
            switch (before.first { $0.trust.tenantID == id }, after.first { $0.trust.tenantID == id }) {
            case (let old?, let new?):
                collector.path += "."
                if !isOne { collector.subject = "tenant \(id): " }
                trust(old.trust, new.trust, &collector)
                policy(old.policy, new.policy, &collector)
                plumbing(old, new, &collector)
            case (nil, let new?):
                collector.add("", .gains, "principals of tenant \(id) may sign in now", after: "\(id)")
                collector.path += "."
                collector.subject = "tenant \(id): "
                policy(TenantPolicy(), new.policy, &collector)
            case (let old?, nil):
                collector.add("", .loses, "principals of tenant \(id) may no longer sign in", before: "\(id)")
                collector.path += "."
                collector.subject = "tenant \(id): "
                policy(old.policy, TenantPolicy(), &collector)
            case (nil, nil): break
            }
            changes.append(contentsOf: collector.changes)
        }
        return changes
    }

    private func trust(_ old: TenantTrust, _ new: TenantTrust, _ collector: inout ChangeCollector) {
        collector.value(
            "cloud", old.cloud.rawValue, new.cloud.rawValue, .changes,
            "tokens of cloud \(new.cloud.rawValue) are accepted instead of those of cloud \(old.cloud.rawValue)")
        collector.value(
            "authority", old.authority, new.authority, .changes,
            "tokens issued by \(new.authorityBase) are accepted instead of those issued by \(old.authorityBase)")
        collector.set("audiences", old.audiences, new.audiences) { audience in
            (.gains, "tokens for audience \(audience) are accepted now")
        } removed: { audience in
            (.loses, "tokens for audience \(audience) are no longer accepted")
        }
        clients(old.allowedClientAppIDs, new.allowedClientAppIDs, &collector)
        let kinds = (old.subjects.map(\.rawValue), new.subjects.map(\.rawValue))
        collector.set("subjects", kinds.0, kinds.1) { kind in
            (.gains, "\(SubjectKind(rawValue: kind)?.people ?? kind) may sign in now")
        } removed: { kind in
            (.loses, "\(SubjectKind(rawValue: kind)?.people ?? kind) may no longer sign in")
        }
        requiredClaims(old.requiredClaims, new.requiredClaims, &collector)
        let (short, long) = (old.maximumTokenLifetime, new.maximumTokenLifetime)
        collector.value(
            "maximumTokenLifetime", duration(short), duration(long), short < long ? .gains : .loses,
            "tokens may be valid for \(duration(long)) instead of \(duration(short))")
        collector.value(
            "groupOverage", old.groupOverage.rawValue, new.groupOverage.rawValue,
            old.groupOverage == .deny ? .gains : new.groupOverage == .deny ? .loses : .changes,
            "principals in too many groups for a token \(new.groupOverage.consequence)")
        collector.value(
            "proofOfPossession", old.proofOfPossession.rawValue, new.proofOfPossession.rawValue,
            new.proofOfPossession == .require ? .loses : old.proofOfPossession == .off ? .gains : .changes,
            new.proofOfPossession.consequence(after: old.proofOfPossession))
        collector.value(
            "clusterHost", old.clusterHost, new.clusterHost, .changes,
            "proofs of possession must be made for \(new.clusterHost ?? "no host") instead of"
                + " \(old.clusterHost ?? "no host")")
    }

    private func clients(_ old: [GUID], _ new: [GUID], _ collector: inout ChangeCollector) {
        let list = { (ids: [GUID]) in Set(ids).sorted().map(\.description).joined(separator: ", ") }
        switch (old.isEmpty, new.isEmpty) {
        case (true, false):
            collector.add(
                "allowedClientAppIDs", .loses,
                "only tokens that were asked for by application \(list(new)) are accepted now, not any more by every",
                after: list(new))
        case (false, true):
            collector.add(
                "allowedClientAppIDs", .gains,
                "tokens are accepted whichever application asked for them, not only \(list(old))", before: list(old))
        default:
            collector.set("allowedClientAppIDs", old, new) { id in
                (.gains, "tokens that application \(id) asked for are accepted now")
            } removed: { id in
                (.loses, "tokens that application \(id) asked for are no longer accepted")
            }
        }
    }

    private func requiredClaims(_ old: [RequiredClaim], _ new: [RequiredClaim], _ collector: inout ChangeCollector) {
        let before = Dictionary(old.map { ($0.claim, $0.values) }) { first, _ in first }
        let after = Dictionary(new.map { ($0.claim, $0.values) }) { first, _ in first }
        for claim in Set(before.keys).union(after.keys).sorted() {
            let field = "requiredClaims.\(claim)"
            switch (before[claim], after[claim]) {
            case (nil, let values?):
                let text = values.map(\.description).joined(separator: " or ")
                collector.add(field, .loses, "only who has claim \(claim) = \(text) may sign in now", after: text)
            case (let values?, nil):
                let text = values.map(\.description).joined(separator: " or ")
                collector.add(
                    field, .gains, "who does not have claim \(claim) = \(text) may sign in now too", before: text)
            case (let old?, let new?):
                collector.set(field, old, new) { value in
                    (.gains, "who has claim \(claim) = \(value) may sign in now")
                } removed: { value in
                    (.loses, "who has claim \(claim) = \(value) may no longer sign in for it")
                }
            case (nil, nil): break
            }
        }
    }

    /// How keys and groups are got: no matter of power.
    private func plumbing(_ old: TenantSettings, _ new: TenantSettings, _ collector: inout ChangeCollector) {
        path("authorityCA", old.authorityCA, new.authorityCA, &collector)
        let (before, after) = (old.signingKeys, new.signingKeys)
        collector.value("signingKeys.refreshEvery", duration(before.refreshEvery), duration(after.refreshEvery))
        collector.value(
            "signingKeys.unknownKeyRefreshInterval", duration(before.unknownKeyRefreshInterval),
            duration(after.unknownKeyRefreshInterval))
        collector.value("signingKeys.maximumAge", duration(before.maximumAge), duration(after.maximumAge))
        path("signingKeys.cacheFile", before.cacheFile, after.cacheFile, &collector)
        if before.file != after.file {
            let (from, to) = (
                before.file.map { written($0, in: self.old) }, after.file.map { written($0, in: self.new) }
            )
            collector.value(
                "signingKeys.file", from, to, .changes,
                to.map {
                    "only the signing keys in \($0) are trusted, instead of \(from.map { "those in \($0)" } ?? "those that Entra publishes")"
                }
                    ?? "the signing keys that Entra publishes are trusted instead of those in \(from ?? "a file")")
        }
        if before.proxy != after.proxy {
            // A proxy's address may hold a password.
            collector.add("signingKeys.proxy", .changes, "signing keys are fetched through another proxy")
        }
        directory(old.directory, new.directory, &collector)
    }

    private func directory(
        _ old: DirectorySettings?,
        _ new: DirectorySettings?,
        _ collector: inout ChangeCollector
    ) {
        switch (old, new) {
        case (nil, _?): collector.add("directory", .changes, "the directory can be asked for groups now")
        case (_?, nil): collector.add("directory", .changes, "the directory can no longer be asked for groups")
        case (let old?, let new?):
            collector.value("directory.clientID", old.clientID?.description, new.clientID?.description)
            let (before, after) = (credential(old.credential, self.old), credential(new.credential, self.new))
            collector.value("directory.credential", before, after)
            collector.value("directory.groups", old.groups.rawValue, new.groups.rawValue)
            collector.value("directory.timeout", duration(old.timeout), duration(new.timeout))
            collector.value("directory.cacheFor", duration(old.cacheFor), duration(new.cacheFor))
            collector.value("directory.staleFor", duration(old.staleFor), duration(new.staleFor))
            collector.value("directory.graphEndpoint", old.graphEndpoint, new.graphEndpoint)
            path("directory.graphCA", old.graphCA, new.graphCA, &collector)
            collector.value("directory.watch", old.watch.rawValue, new.watch.rawValue)
            collector.value("directory.watchEvery", duration(old.watchEvery), duration(new.watchEvery))
            collector.value("directory.whenSilent", old.whenSilent.rawValue, new.whenSilent.rawValue)
        case (nil, nil): break
        }
    }

    private func credential(_ credential: DirectoryCredential, _ file: LoadedConfiguration) -> String {
        switch credential {
        case .clientSecretFile(let path): "clientSecretFile \(written(path, in: file))"
        case .clientCertificateFile(let path): "clientCertificateFile \(written(path, in: file))"
        case .federatedTokenFile(let path): "federatedTokenFile \(written(path, in: file))"
        case .managedIdentity: "managedIdentity"
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
