import Entra
import SafeText

extension FieldChange where Value == [TenantSettings] {
    static var tenants: Self {
        FieldChange { name, before, after, collector, context in
            let isOne = before.count == 1 && after.count == 1 && before[0].trust.tenantID == after[0].trust.tenantID
            let ids = before.map(\.trust.tenantID)
            for id in ids + after.map(\.trust.tenantID).filter({ !ids.contains($0) }) {
                let field = "\(name)[\(id)]"
                let subject = "tenant \(id): "
                switch (before.first { $0.trust.tenantID == id }, after.first { $0.trust.tenantID == id }) {
                case (let old?, let new?):
                    collector.inside("\(field).", subject: isOne ? "" : subject) {
                        TenantSettings.description.compare(old, new, &$0, context)
                    }
                case (nil, let new?):
                    collector.add(field, .gains, "principals of tenant \(id) may sign in now", after: "\(id)")
                    collector.inside("\(field).", subject: subject) {
                        TenantSettings.description.compareGrants(TenantSettings.blank, new, &$0, context)
                    }
                case (let old?, nil):
                    collector.add(field, .loses, "principals of tenant \(id) may no longer sign in", before: "\(id)")
                    collector.inside("\(field).", subject: subject) {
                        TenantSettings.description.compareGrants(old, TenantSettings.blank, &$0, context)
                    }
                case (nil, nil): break
                }
            }
        }
    }
}

extension FieldChange where Value == [GUID] {
    /// Client applications; an empty list means any.
    static var clients: Self {
        FieldChange { name, old, new, collector, _ in
            let list = { (ids: [GUID]) in Set(ids).sorted().map(\.description).joined(separator: ", ") }
            switch (old.isEmpty, new.isEmpty) {
            case (true, false):
                collector.add(
                    name, .loses,
                    "only tokens that were asked for by application \(list(new)) are accepted now, not any more by"
                        + " every", after: list(new))
            case (false, true):
                collector.add(
                    name, .gains, "tokens are accepted whichever application asked for them, not only \(list(old))",
                    before: list(old))
            default:
                collector.set(name, old, new) { id in
                    (.gains, "tokens that application \(id) asked for are accepted now")
                } removed: { id in
                    (.loses, "tokens that application \(id) asked for are no longer accepted")
                }
            }
        }
    }
}

extension FieldChange where Value == [ExactText] {
    /// Names of callers; an empty list means any.
    static var callers: Self {
        FieldChange { name, old, new, collector, _ in
            let (old, new) = (NameSet(old), NameSet(new))
            if old.isEmpty != new.isEmpty {
                collector.add(
                    name, new.isEmpty ? .gains : .loses,
                    new.isEmpty
                        ? "every caller with a certificate from the client CA may ask about tokens"
                        : "only callers whose certificate names \(new.names) may ask about tokens",
                    before: old.isEmpty ? nil : old.names, after: new.isEmpty ? nil : new.names)
                return
            }
            collector.set(name, old, new) { name in
                (.gains, "callers whose certificate names \(name) may ask about tokens now")
            } removed: { name in
                (.loses, "callers whose certificate names \(name) may no longer ask about tokens")
            }
        }
    }

    /// Names, each of which grants something.
    static func names(
        added: @escaping @Sendable (String) -> String, removed: @escaping @Sendable (String) -> String
    ) -> Self {
        FieldChange { name, old, new, collector, _ in
            collector.set(name, old, new) {
                (.gains, added($0.text))
            } removed: {
                (.loses, removed($0.text))
            }
        }
    }
}

extension FieldChange where Value == [RequiredClaim] {
    static var requiredClaims: Self {
        FieldChange { name, old, new, collector, _ in
            let before = Dictionary(old.map { ($0.claim, $0.values) }) { first, _ in first }
            let after = Dictionary(new.map { ($0.claim, $0.values) }) { first, _ in first }
            for claim in Set(before.keys).union(after.keys).sorted() {
                let field = "\(name).\(claim)"
                let words = { (values: [ClaimValue]) in values.map(\.description).joined(separator: " or ") }
                switch (before[claim], after[claim]) {
                case (nil, let values?):
                    collector.add(
                        field, .loses, "only who has claim \(claim) = \(words(values)) may sign in now",
                        after: words(values))
                case (let values?, nil):
                    collector.add(
                        field, .gains, "who does not have claim \(claim) = \(words(values)) may sign in now too",
                        before: words(values))
                case (let old?, let new?):
                    let (old, new) = (NameSet(names: old.map(\.description)), NameSet(names: new.map(\.description)))
                    collector.set(field, old, new) { value in
                        (.gains, "who has claim \(claim) = \(value) may sign in now")
                    } removed: { value in
                        (.loses, "who has claim \(claim) = \(value) may no longer sign in for it")
                    }
                case (nil, nil): break
                }
            }
        }
    }
}
