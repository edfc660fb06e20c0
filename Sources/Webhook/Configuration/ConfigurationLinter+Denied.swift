import AccessPolicy
import Entra
import Timestamps

extension ConfigurationLinter {
    /// Entries of the deny list that refuse nobody, or nobody any more.
    mutating func lintDenied(_ tenant: TenantSettings, _ path: String) {
        for (index, entry) in tenant.policy.denied.enumerated() {
            let field = "\(path).denied[\(index)]"
            lint(entry, of: tenant, until: field + ".until", issuedBefore: field + ".issuedBefore", target: field)
        }
        for entry in facts.deniedEntries["\(path).deniedFile"] ?? [] {
            let field = "\(path).deniedFile"
            lint(entry, of: tenant, until: field, issuedBefore: field, target: field)
        }
    }

    private mutating func lint(
        _ entry: DeniedEntry, of tenant: TenantSettings, until: String, issuedBefore: String, target: String
    ) {
        if let end = entry.until, end <= facts.now {
            add(.deniedEnded, until, "the entry against \(entry.name) ended at \(end.rfc3339)", "remove the entry")
            return
        }
        let longest = tenant.trust.maximumTokenLifetime + configuration.limits.clockSkew.components.seconds
        if let time = entry.issuedBefore, time.adding(seconds: longest) <= facts.now {
            add(
                .deniedTooOld, issuedBefore,
                "every token issued before \(time.rfc3339) has expired, so the entry against \(entry.name) refuses none",
                "remove the entry, or take issuedBefore out to refuse new tokens too")
        }
        guard case .objectID(let id) = entry.target else {
            if case .clientAppID(let id) = entry.target,
                let what = groupMeaning(of: id, in: tenant) ?? tenantMeaning(of: id)
            {
                add(
                    .deniedIsNoPrincipal, target, "\(id) is \(what), not an application's",
                    "use the application (client) ID")
            }
            return
        }
        if let what = groupMeaning(of: id, in: tenant) ?? otherMeaning(of: id, in: tenant) {
            add(
                .deniedIsNoPrincipal, target, "\(id) is \(what), not a user's or service principal's",
                "use the object ID of the user, or of the application's service principal (enterprise application)")
        }
    }

    private func tenantMeaning(of id: GUID) -> String? {
        configuration.tenants.contains { $0.trust.tenantID == id } ? "a tenant's ID" : nil
    }

    private func groupMeaning(of id: GUID, in tenant: TenantSettings) -> String? {
        tenant.policy.adminGroupObjectIDs.contains(id)
            || tenant.policy.groupMappings.contains { $0.groupObjectID == id } ? "a group's ID" : nil
    }
}

extension DeniedEntry {
    fileprivate var name: String {
        switch target {
        case .objectID(let id): "object \(id)"
        case .clientAppID(let id): "application \(id)"
        case .tokenID(let id): "token \(id)"
        }
    }
}
