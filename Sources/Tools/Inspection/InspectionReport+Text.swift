import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import SafeText
public import Terminal
import Timestamps

extension InspectionReport {
    /// For people: at most 80 columns, the verdict first.
    ///
    /// - Parameters:
    ///   - failedOnly: leaves out checks that passed or were skipped.
    ///   - change: applied to each text before it is wrapped, for redaction.
    public func text(
        on page: TerminalWriter = TerminalWriter(color: false), failedOnly: Bool = false,
        change: (String) -> String = { $0 }
    ) -> String {
        func safe(_ text: String) -> String { PrintableText.clean(change(text), maximum: 1000) }
        var lines: [String] = []
        let style: TerminalWriter.Style = verdict == .accepted ? .good : verdict == .rejected ? .bad : .doubtful
        let title = verdict.rawValue.uppercased() + (reason.map { " (\($0.code))" } ?? "")
        lines += page.wrapped(title + ": " + safe(message), style: style)
        if let hint { lines += page.advice(safe(hint), indent: 2) }
        let more = checks.filter(\.isFailure).count - 1
        if reason != nil, more > 0 {
            lines += page.wrapped("\(more == 1 ? "1 more check" : "\(more) more checks") failed, see below", indent: 2)
        }
        for note in notes { lines += page.wrapped("note: " + safe(note), indent: 2, hanging: 6) }

        lines.append(page.rule("token"))
        for (name, value) in facts { lines += page.pair(name, safe(value)) }
        if let user {
            lines.append(page.rule("Kubernetes"))
            lines += page.pair(verdict == .accepted ? "user" : "would be", safe(user.username + whyThatName(user)))
            lines += page.pair("uid", safe(user.uid))
            for (index, group) in user.groups.prefix(12).enumerated() {
                lines += page.pair(index == 0 ? "groups" : "", safe(group + why(group)))
            }
            if user.groups.isEmpty { lines += page.pair("groups", "none") }
            if user.groups.count > 12 { lines += page.pair("", "and \(user.groups.count - 12) more") }
        }
        lines.append(page.rule("checks"))
        for check in checks where !failedOnly || check.isFailure {
            let mark = check.status == "passed" ? "ok  " : check.isFailure ? "FAIL" : "skip"
            let style: TerminalWriter.Style = check.status == "passed" ? .good : check.isFailure ? .bad : .doubtful
            lines += page.item(mark, style, check.check.rawValue, safe(check.detail))
            if check.isFailure, let hint = check.hint, hint != self.hint {
                lines += page.advice(safe(hint), indent: 24)
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Why a user with a user principal name is named by object ID.
    private func whyThatName(_ user: KubernetesUser) -> String {
        guard user.username.utf8.elementsEqual(user.uid.utf8), !displayNames.isEmpty else { return "" }
        switch kind {
        case .guest: return "  (guests are named by object ID: their names are another tenant's to give)"
        case .user where claims?.userPrincipalName == nil:
            return "  (named by object ID: the token carries no upn)"
        case .user, .app, .managedIdentity, .agent, .device, .unknown: return ""
        }
    }

    /// What granted a group, if a rule of the configuration did.
    private func why(_ group: String) -> String {
        switch because.first(where: { $0.gives.contains { ExactText($0) == ExactText(group) } })?.rule {
        case .adminGroup: "  (admin group)"
        case .groupMapping: "  (mapped group)"
        case .appRoleMapping: "  (app role)"
        case .emergencyAccess: "  (emergency access)"
        case .groupObjectID, nil: ""
        }
    }

    /// Names in the token that people read. They identify nobody.
    var displayNames: [(claim: String, value: String)] {
        guard let claims else { return [] }
        return ["upn", "name", "preferred_username", "unique_name", "email"].compactMap { claim in
            claims.json[named: claim]?.string.map { (claim, $0) }
        }
    }

    private var facts: [(String, String)] {
        var facts = [("token", form.name + (origin.map { ", from \($0)" } ?? ""))]
        facts.append(("in the log", "tokenSHA256 \(tokenSHA256)" + (claims?.tokenID.map { ", tokenID \($0)" } ?? "")))
        guard let claims else { return facts }
        facts.append(("who", kind.spoken + (areClaimsTrusted ? "" : ", as the token says: NOT VERIFIED")))
        facts.append(("object ID", claims.objectID ?? "none"))
        facts.append(("tenant", claims.tenantID ?? "none"))
        for (claim, value) in displayNames
        where claim != "unique_name" || ExactText(value) != claims.userPrincipalName.map({ ExactText($0) }) {
            let names = user.map { claim == "upn" && $0.username.hasSuffix(value) } ?? (claim == "upn" && kind == .user)
            let label =
                ["preferred_username": "known as", "unique_name": "known as", "email": "e-mail"][claim] ?? claim
            facts.append((label, PrintableText.clean(value) + (names ? "" : "  (display only)")))
        }
        facts.append(("asked by", claims.clientAppID.map(WellKnownApplication.described) ?? "nobody named"))
        facts.append(("made for", claims.audience.map(WellKnownApplication.described) ?? "nobody"))
        facts.append(("issued by", claims.issuer ?? "nobody"))
        facts.append(("version", claims.version?.rawValue ?? "unknown"))
        var times = [("issued", claims.issuedAt), ("expires", claims.expires)]
        if claims.notBefore != claims.issuedAt { times.insert(("valid from", claims.notBefore), at: 1) }
        for (label, time) in times {
            if let time { facts.append((label, "\(time.rfc3339)  (\(RelativeTime.describe(time, now: now)))")) }
        }
        return facts + groupFacts(claims)
    }

    private func groupFacts(_ claims: EntraClaims) -> [(String, String)] {
        var facts: [(String, String)] = []
        let groups = claims.groups
        var text = groups.hasOverage ? "more than 200; the token does not list them all" : "\(groups.objectIDs.count)"
        if hasConfiguration, isOfConfiguredTenant, !groups.hasOverage || !groups.objectIDs.isEmpty {
            text += ", of which \(adminGroups.count) admin and \(mappedGroups.count) mapped"
        }
        facts.append(("in groups", text))
        for group in adminGroups { facts.append(("", "\(group)  admin group")) }
        for mapping in mappedGroups {
            let given = mapping.kubernetesGroups.map(\.text).joined(separator: ", ")
            facts.append(("", "\(mapping.groupObjectID)  gives \(given)"))
        }
        if !claims.roles.isEmpty { facts.append(("app roles", claims.roles.joined(separator: ", "))) }
        return facts
    }
}
