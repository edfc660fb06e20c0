public import Configuration
import PolicyChecks
import RBAC
import SafeText

extension ExplainReport {
    /// For people: the principal's user and groups, then each rule with its paths. Equal paths are printed once.
    public func text(_ names: DirectoryNames) -> String {
        var lines = answer.lines(names)
        guard answer.isAdmitted else { return PrintableText.page(lines) }
        if everything { lines += ["", "can do everything"] }
        var byPath: [(path: AccessPath, rules: [PolicyRule])] = []
        var places: [AccessPath: Int] = [:]
        for held in rules {
            for path in held.paths {
                if places[path] == nil {
                    places[path] = byPath.count
                    byPath.append((path, []))
                }
                if let place = places[path] { byPath[place].rules.append(held.rule) }
            }
        }
        if !byPath.isEmpty {
            lines += ["", "can:"]
        } else if unknown.isEmpty && input.objects > 0 {
            lines += ["", "no rule applies: this principal can do nothing in the cluster"]
        } else {
            lines += ["", "not known: what this principal can do in the cluster"]
        }
        for (path, rules) in byPath.sorted(by: { AccessPath.precedes($0.path, $1.path) }) {
            lines.append("  by " + PrintableText.clean(names.annotate(path.words()), maximum: 1000))
            for rule in rules {
                let ways = rule.waysToMore.map(\.rawValue)
                lines.append(
                    "    " + PrintableText.clean(rule.words, maximum: 2000)
                        + (ways.isEmpty ? "" : "  [a way to more: \(ways.joined(separator: ", "))]"))
            }
        }
        if !unknown.isEmpty {
            lines.append("and what these give, which is unknown:")
            lines += unknown.map { binding in
                let path = "\(binding.name) → \(binding.role), which is not in the input"
                return "  " + PrintableText.clean(path, maximum: 1000)
            }
        }
        return PrintableText.page(lines)
    }
}
