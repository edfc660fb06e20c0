public import Configuration
import PolicyChecks
import RBAC
import SafeText

extension ExplainReport {
    /// For people: the principal's user and groups, then each rule with its paths. Equal paths are printed once.
    public func text(_ names: DirectoryNames) -> String {
        var lines = [answer.text(names)]
        guard answer.isAdmitted else { return lines[0] }
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
        lines += ["", byPath.isEmpty ? "no rule applies: this principal can do nothing in the cluster" : "can:"]
        for (path, rules) in byPath.sorted(by: { AccessPath.precedes($0.path, $1.path) }) {
            lines.append("  by " + PrintableText.clean(names.annotate(path.words()), maximum: 1000))
            for rule in rules {
                let ways = rule.waysToMore.map(\.rawValue)
                lines.append(
                    "    " + PrintableText.clean(rule.words, maximum: 2000)
                        + (ways.isEmpty ? "" : "  [a way to more: \(ways.joined(separator: ", "))]"))
            }
        }
        return lines.joined(separator: "\n")
    }
}
