import AccessPolicy
import Configuration
import Entra
import RBAC
import SafeText

extension RBACLinter {
    struct Problem {
        var rule: RBACLintRule
        var severity: RBACLintRule.Severity
        var message: String
        var hint: String

        init(
            _ rule: RBACLintRule, _ message: String, _ hint: String, severity: RBACLintRule.Severity = .warning
        ) {
            self.rule = rule
            self.severity = severity
            self.message = message
            self.hint = hint
        }
    }

    /// All problems of one subject.
    func problems(of subject: Subject, in binding: Binding) -> [Problem] {
        switch subject.kind {
        case .serviceAccount: return []
        case .group:
            return [everybody(subject.name, binding), group(subject.name)].compactMap(\.self)
        case .user:
            guard !subject.name.utf8.starts(with: "system:".utf8) else { return [] }
            return user(subject.name)
        }
    }

    private func everybody(_ name: String, _ binding: Binding) -> Problem? {
        guard ["system:authenticated", "system:unauthenticated"].contains(where: { $0.utf8.elementsEqual(name.utf8) }),
            isAdmin(binding)
        else { return nil }
        let who =
            name.utf8.elementsEqual(EntraNames.everybody.utf8)
            ? "everybody who signs in" : "everybody, without signing in,"
        let place = binding.namespace.map { " in namespace \(PrintableText.clean($0))" } ?? ""
        return Problem(
            .everybodyIsAdmin, "\(who) may do everything\(place)", "delete this binding, or bind a group of people")
    }

    // MARK: Groups

    private func group(_ name: String) -> Problem? {
        guard !name.utf8.starts(with: "system:".utf8), !name.utf8.starts(with: "kubeadm:".utf8),
            !names.isGiven(group: name)
        else { return nil }
        let shown = PrintableText.quoted(name)
        if let given = spelling(ofGroup: name) {
            return Problem(
                .nameDiffersInCase, "nobody is in group \(shown); upper and lower case differ from what is given",
                "write \(PrintableText.quoted(given))")
        }
        let known = displayNames.groups(named: name)
        if !known.isEmpty || displayNames.isDisplayName(name) || name.contains(" ")
            || !name.utf8.allSatisfy({ $0 < 128 })
        {
            let id = known.count == 1 ? known.first : nil
            return Problem(
                .groupIsADisplayName,
                "\(shown) is the display name of a group, which no token carries: the binding never matches",
                groupHint(id))
        }
        return Problem(
            .groupNeverGiven, "this configuration gives nobody group \(shown): the binding never matches",
            GUID(name) == nil
                ? "map an Entra group to this name in groupMappings, or bind a name that is given"
                : "set kubernetes.groupObjectIDs to include, or bind the name that is given for this object ID")
    }

    private func groupHint(_ id: GUID?) -> String {
        let kubernetes = names.configuration.kubernetes
        guard let id else {
            return "bind the group's object ID, or map it to a name in groupMappings and bind that name"
        }
        if let holder = names.grants.first(where: { $0.holder.objectID == id && $0.holder.kind == .group }),
            let name = holder.kubernetesGroups.first?.text
        {
            return "bind \(PrintableText.quoted(name)), which members of \(id) get"
        }
        return kubernetes.groupObjectIDs == .include
            ? "bind its object ID, \(PrintableText.quoted(kubernetes.groupPrefix + id.description))"
            : "map object ID \(id) to a name in groupMappings and bind that name"
    }

    // MARK: Users

    private func user(_ name: String) -> [Problem] {
        let prefix = names.configuration.kubernetes.usernamePrefix
        let rest = names.withoutPrefix(name)
        var problems: [Problem] = []
        if let first = exclusiveProblem(name, rest: rest) { problems.append(first) }
        let differsInCase = problems.first?.rule == .nameDiffersInCase
        if rest == nil, !differsInCase {
            problems.append(
                Problem(
                    .userNeverNamed,
                    "nobody is called \(PrintableText.quoted(name)): user names begin with"
                        + " \(PrintableText.quoted(prefix))", "write \(PrintableText.quoted(prefix + name))"))
        } else if let rest, !names.namesByUPN, EntraNames.isUPN(rest) {
            problems.append(
                Problem(
                    .userNeverNamed,
                    "nobody is called \(PrintableText.quoted(name)): people are named by object ID (username: oid)",
                    "write the person's object ID, or set kubernetes.username to upn"))
        } else if problems.isEmpty, let rest, let (foreign, bare) = EntraNames.foreignPrefix(of: rest) {
            let given = names.namesByUPN ? "user principal name" : "object ID"
            problems.append(
                Problem(
                    .userNeverNamed,
                    "nobody is called \(PrintableText.quoted(name)): it begins with the prefix of another authenticator,"
                        + " which no name of Entra has",
                    names.isGiven(user: prefix + bare)
                        ? "write \(PrintableText.quoted(prefix + bare)), or set kubernetes.usernamePrefix to"
                            + " \(PrintableText.quoted(prefix + foreign))"
                        : "write the person's \(given)"))
        }
        return problems
    }

    /// The first problem among those of which a user has at most one.
    private func exclusiveProblem(_ name: String, rest: String?) -> Problem? {
        if let given = spelling(ofUser: name) {
            return Problem(
                .nameDiffersInCase,
                "nobody is called \(PrintableText.quoted(name)); upper and lower case differ from what is given",
                "write \(PrintableText.quoted(given))")
        }
        let prefix = names.configuration.kubernetes.usernamePrefix
        if names.namesByUPN, EntraNames.isGuest(name) {
            return Problem(
                .guestByUPN, "guests are named by object ID, never by \(PrintableText.quoted(name))",
                "write the guest's object ID in this tenant"
                    + (prefix.isEmpty ? "" : ", with \(PrintableText.quoted(prefix)) before it"))
        }
        let bare = rest ?? name
        let shown = PrintableText.clean(bare)
        if names.namesByUPN, GUID(bare) != nil {
            let admitsOthers = names.configuration.tenants.contains { tenant in
                tenant.trust.subjects.contains { $0 != .user }
            }
            return Problem(
                .objectIDOfAUser,
                admitsOthers
                    ? "\(shown) matches a guest or an application only; people of the tenant are named by UPN"
                    : "people are named by UPN, and nobody else may sign in: \(shown) never matches",
                admitsOthers
                    ? "for a person of the tenant, write the user principal name"
                    : "write the user principal name, or set kubernetes.username to oid",
                severity: admitsOthers ? .notice : .warning)
        }
        if names.namesByUPN, let rest, EntraNames.isUPN(rest) {
            return Problem(
                .upnCanBeGivenAgain,
                "\(shown) can be given to another person later, who then has what is bound here",
                "bind a group, or set kubernetes.username to oid", severity: .notice)
        }
        return nil
    }

    /// A name that the configuration can give and that differs only in case.
    private func spelling(ofUser name: String) -> String? {
        guard !names.isGiven(user: name) else { return nil }
        let prefix = names.configuration.kubernetes.usernamePrefix
        guard name.lowercased().utf8.starts(with: prefix.lowercased().utf8) else { return nil }
        let length = prefix.utf8.count
        guard name.utf8.count >= length, let rest = String(name.utf8.dropFirst(length)) else { return nil }
        let candidates = [prefix + rest, prefix + rest.asciiLowercased]
        return candidates.first { names.isGiven(user: $0) && $0.lowercased() == name.lowercased() }
    }
}

extension String {
    fileprivate var asciiLowercased: String {
        String(
            decoding: utf8.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 + 32 : $0 },
            as: UTF8.self)
    }
}
