internal import AccessPolicy
internal import Authentication
internal import EntraTokens
internal import Jansson
internal import Timestamps

extension InspectionReport {
    /// For a person: at most 80 columns, the verdict first.
    ///
    /// - Parameter change: applied to each text before it is broken into lines, for redaction.
    public func text(color: Bool = false, change: (String) -> String = { $0 }) -> String {
        let page = TextPage(color: color)
        var lines: [String] = []
        let style: TextPage.Style = verdict == .accepted ? .good : verdict == .rejected ? .bad : .doubtful
        let title = verdict.rawValue.uppercased() + (reason.map { " (\($0.code))" } ?? "")
        lines += page.wrapped(change(title + ": " + message), style: style)
        if let hint { lines += page.wrapped(change("→ " + hint), indent: 2) }
        for note in notes { lines += page.wrapped(change("· " + note), indent: 2) }
        lines.append("")
        for (name, value) in facts { lines += page.pair(name, PrintableText.clean(change(value))) }
        if let user {
            lines.append("")
            lines += page.pair("user", PrintableText.clean(change(user.username)))
            for (index, group) in user.groups.prefix(12).enumerated() {
                lines += page.pair(index == 0 ? "groups" : "", PrintableText.clean(change(group)))
            }
            if user.groups.count > 12 { lines += page.pair("", "and \(user.groups.count - 12) more") }
        }
        lines.append("")
        for check in checks {
            let mark = check.status == "passed" ? "ok  " : check.status == "failed" ? "FAIL" : "skip"
            let style: TextPage.Style =
                check.status == "passed" ? .good : check.status == "failed" ? .bad : .doubtful
            lines += page.item(mark, style, check.check.rawValue, PrintableText.clean(change(check.detail)))
            if check.status == "failed", let hint = check.hint, hint != self.hint {
                lines += page.wrapped(change("→ " + hint), indent: 24)
            }
        }
        return lines.joined(separator: "\n")
    }

    private var facts: [(String, String)] {
        guard let claims else { return [] }
        var facts: [(String, String)] = [
            ("who", "\(kind.rawValue)\(areClaimsTrusted ? "" : " (says the token; not verified)")")
        ]
        facts.append(("object ID", claims.objectID ?? "none"))
        facts.append(("tenant", claims.tenantID ?? "none"))
        for (label, name) in [("upn", "upn"), ("name", "name"), ("known as", "preferred_username")] {
            if let value = claims.json[named: name]?.string {
                facts.append((label, value + (name == "upn" ? "" : "  (display only)")))
            }
        }
        facts.append(("asked by", claims.clientAppID.map(WellKnownApplication.described) ?? "nobody named"))
        facts.append(("made for", claims.audience.map(WellKnownApplication.described) ?? "nobody"))
        facts.append(("version", claims.version?.rawValue ?? "unknown"))
        for (label, time) in [("issued", claims.issuedAt), ("expires", claims.expires)] {
            if let time { facts.append((label, "\(time.rfc3339)  (\(RelativeTime.describe(time, now: now)))")) }
        }
        let groups = claims.groups
        if groups.hasOverage {
            facts.append(("in groups", "more than 200; the token does not list them"))
        } else {
            var text = "\(groups.objectIDs.count)"
            if hasConfiguration { text += ", of which \(adminGroups.count) admin and \(mappedGroups.count) mapped" }
            facts.append(("in groups", text))
        }
        for group in adminGroups { facts.append(("", "\(group)  admin group")) }
        for group in mappedGroups { facts.append(("", "\(group)  mapped group")) }
        return facts
    }
}

/// Lines of at most 80 columns, coloured only where that was asked for.
public struct TextPage {
    public enum Style: String {
        case good = "32"
        case bad = "31"
        case doubtful = "33"
    }

    static let width = 80
    let color: Bool

    public init(color: Bool) { self.color = color }

    /// A paragraph.
    public func wrapped(_ text: String, indent: Int = 0, style: Style? = nil) -> [String] {
        let room = TextPage.width - indent
        var lines: [String] = [""]
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let last = lines[lines.count - 1]
            if last.isEmpty || last.count + 1 + word.count <= room {
                lines[lines.count - 1] = last.isEmpty ? String(word) : last + " " + word
            } else {
                lines.append(String(word))
            }
            // A word that is longer than a line is cut.
            while lines[lines.count - 1].count > room {
                let long = lines[lines.count - 1]
                lines[lines.count - 1] = String(long.prefix(room))
                lines.append(String(long.dropFirst(room)))
            }
        }
        return lines.map { String(repeating: " ", count: indent) + styled($0, style) }
    }

    /// A name and its value.
    public func pair(_ name: String, _ value: String) -> [String] {
        columns(padded(name, 12), value, indent: 12)
    }

    /// A mark, a name and what is to say about it.
    public func item(_ mark: String, _ style: Style, _ name: String, _ detail: String) -> [String] {
        let head = styled(mark, style) + "  " + padded(name, 18)
        return columns(head, detail, indent: 24)
    }

    private func columns(_ head: String, _ text: String, indent: Int) -> [String] {
        let lines = wrapped(text, indent: indent)
        guard let first = lines.first else { return [head] }
        return [head + first.dropFirst(indent)] + lines.dropFirst()
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private func styled(_ text: String, _ style: Style?) -> String {
        guard color, let style else { return text }
        return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }
}
