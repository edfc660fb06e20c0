public import Configuration
import RBAC
import SafeText
import Terminal

extension PermissionDiff {
    /// Largest number of lines about one holder; the others are only counted.
    private static let maximumLines = 12

    /// For people, a few lines for each holder: `+ members of group … can now get pods, everywhere`.
    public func text(_ names: DirectoryNames, namesTenants: Bool) -> String {
        let missing = remarks.map { "not compared: \($0)" }
        guard !changes.isEmpty else {
            let known = missing.isEmpty ? "" : " in the roles that are known"
            return PrintableText.page(["permissions: no difference" + known] + missing)
        }
        var lines = ["permissions:"]
        for part in parts {
            let who = part.holder.words(names, namesTenant: namesTenants)
            lines.append("  \(who) \(part.effect == .gains ? "can now" : "can no longer")")
            let mark = part.effect == .gains ? "+" : "-"
            lines += part.sentences.prefix(PermissionDiff.maximumLines).map { "  \(mark)   \($0)" }
            let more = part.sentences.count - PermissionDiff.maximumLines
            if more > 0 { lines.append("  \(mark)   and \(more) more (--output json has all)") }
        }
        return PrintableText.page(lines + missing)
    }

    /// The changes in Markdown, for a pull request.
    public func markdown(_ names: DirectoryNames, namesTenants: Bool) -> String {
        let missing = remarks.map { "\n\n⚠ Not compared: \(MarkdownTable.escaped($0))." }.joined()
        guard !changes.isEmpty else {
            return "#### Permissions\n\nNo difference" + (missing.isEmpty ? "." : " in the roles that are known.")
                + missing
        }
        var table = MarkdownTable(["", "who", "can"])
        for part in parts {
            let who = part.holder.words(names, namesTenant: namesTenants)
            let verb = part.effect == .gains ? "can now" : "can no longer"
            for sentence in part.sentences.prefix(PermissionDiff.maximumLines) {
                table.add([part.effect == .gains ? "➕" : "➖", who, "\(verb) \(sentence)"])
            }
            let more = part.sentences.count - PermissionDiff.maximumLines
            if more > 0 { table.add(["", who, "and \(more) more"]) }
        }
        return "#### Permissions\n\n" + table.text + missing
    }

    private struct Part {
        var effect: PermissionChange.Effect
        var holder: EntraHolder
        var sentences: [String]
    }

    /// The changes of one holder in one direction; a rule in several namespaces is one sentence.
    private var parts: [Part] {
        var parts: [Part] = []
        var rest = changes[...]
        while let first = rest.first {
            let same = rest.prefix { $0.effect == first.effect && $0.holder.identity == first.holder.identity }
            rest = rest.dropFirst(same.count)
            var rules: [(rule: PolicyRule, places: [String])] = []
            var index: [PolicyRule: Int] = [:]
            for change in same {
                let place = change.namespace.map { "in namespace \($0)" } ?? "everywhere"
                if let known = index[change.rule] {
                    rules[known].places.append(place)
                } else {
                    index[change.rule] = rules.count
                    rules.append((change.rule, [place]))
                }
            }
            let sentences = rules.map { rule, places in
                let ways = rule.waysToMore.map(\.rawValue)
                return PrintableText.clean(
                    "\(rule.words) (\(places.joined(separator: ", ")))"
                        + (ways.isEmpty ? "" : ", a way to more: \(ways.joined(separator: ", "))"), maximum: 600)
            }
            parts.append(Part(effect: first.effect, holder: first.holder, sentences: sentences))
        }
        return parts
    }
}
