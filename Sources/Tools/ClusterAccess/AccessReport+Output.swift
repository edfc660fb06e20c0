public import Configuration
public import Jansson
import RBAC
import SafeText

extension AccessReport {
    /// The report for programs.
    public var json: JSON {
        .object([
            ("question", question.json),
            (
                "who",
                .array(
                    who.map { entry in
                        .object(entry.holder.jsonMembers + [("paths", .array(entry.paths.map(\.json)))])
                    })
            ),
            (
                "others",
                .array(
                    others.map { entry in
                        .object([
                            ("kind", .string(entry.subject.kind.rawValue)),
                            ("namespace", JSON(entry.subject.namespace)), ("name", .string(entry.subject.name)),
                            ("paths", .array(entry.paths.map(\.json))),
                        ])
                    })
            ),
            ("input", input.json),
        ])
    }

    /// The report for people.
    public func text(_ names: DirectoryNames, namesTenants: Bool) -> String {
        var lines: [String] = []
        if !who.isEmpty {
            lines.append("who can \(question.words):")
            for entry in who {
                lines.append("  " + entry.holder.words(names, namesTenant: namesTenants))
                lines += entry.paths.map { "    " + PrintableText.clean(names.annotate($0.words()), maximum: 1000) }
            }
        } else if isKnown {
            lines.append("nobody of Entra can \(question.words)")
        } else {
            lines.append("not known: who of Entra can \(question.words)")
        }
        if !unknown.isEmpty {
            lines.append(who.isEmpty ? "these may give it:" : "these may give it to more people:")
            lines += unknown.map { binding in
                let path = "\(binding.name) → \(binding.role), which is not in the input"
                return "  " + PrintableText.clean(path, maximum: 1000)
            }
        }
        if !others.isEmpty {
            lines.append("not of Entra:")
            for entry in others {
                let name = (entry.subject.namespace.map { $0 + "/" } ?? "") + entry.subject.name
                lines.append("  \(entry.subject.kind.rawValue) \(PrintableText.clean(name, maximum: 400))")
                lines += entry.paths.map { "    " + PrintableText.clean($0.words(withName: false), maximum: 1000) }
            }
        }
        return PrintableText.page(lines)
    }
}

extension AccessReport.Question {
    /// For people: `delete pods/log named x in namespace y`.
    var words: String {
        switch asked {
        case .path(let verb, let path): return PrintableText.clean("\(verb) \(path)", maximum: 400)
        case .resource(let verb, let group, let resource, let subresource, let name):
            let words =
                "\(verb) \(resource)" + (group.isEmpty ? "" : ".\(group)")
                + (subresource.isEmpty ? "" : "/\(subresource)") + (name.isEmpty ? "" : " named \(name)")
                + (namespace.map { " in namespace \($0)" } ?? "")
            return PrintableText.clean(words, maximum: 400)
        }
    }
}
