package import YAML

/// Reads the fields of one mapping. Each known field is read once; all others are unknown fields.
package struct ConfigSection {
    package let collector: ProblemCollector
    /// Nil if the section is missing: every field then has its default.
    package let node: YAMLNode?
    package let path: String
    private var known: [String] = []

    package init(_ node: YAMLNode?, path: String, collector: ProblemCollector) {
        self.collector = collector
        self.path = path
        guard let node, !node.isNull else {
            self.node = nil
            return
        }
        guard node.mapping != nil else {
            collector.add(path, node, "must be a mapping of fields, not \(node.kindName)")
            self.node = nil
            return
        }
        self.node = node
        reportRepetitions()
    }

    private func reportRepetitions() {
        var first: [String: Int] = [:]
        for member in node?.mapping ?? [] {
            let name = member.key.text ?? ""
            if let line = first[name] {
                collector.add(fieldPath(name), member.key, "stands here again; it was set in line \(line)")
            } else {
                first[name] = member.key.line
            }
        }
    }

    package func fieldPath(_ name: String) -> String {
        path.isEmpty ? name : "\(path).\(name)"
    }

    /// The field's value; nil if it is missing or null.
    package mutating func value(_ name: String) -> YAMLNode? {
        known.append(name)
        guard let value = node?[name] else { return nil }
        collector.note(fieldPath(name), at: value)
        return value.isNull ? nil : value
    }

    package mutating func section(_ name: String) -> ConfigSection {
        ConfigSection(value(name), path: fieldPath(name), collector: collector)
    }

    package mutating func has(_ name: String) -> Bool {
        value(name) != nil
    }

    /// Reads a field, or keeps the default if it is missing. If `read` returns nil, it has reported a problem.
    package mutating func field<Value>(_ name: String, default standard: Value, _ read: (ConfigField) -> Value?)
        -> Value
    {
        optional(name, read) ?? standard
    }

    package mutating func optional<Value>(_ name: String, _ read: (ConfigField) -> Value?) -> Value? {
        guard let value = value(name) else { return nil }
        return read(ConfigField(node: value, path: fieldPath(name), collector: collector))
    }

    package mutating func required<Value>(_ name: String, _ advice: String, _ read: (ConfigField) -> Value?) -> Value? {
        guard let value = value(name) else {
            missing(name, advice)
            return nil
        }
        return read(ConfigField(node: value, path: fieldPath(name), collector: collector))
    }

    /// Reports that a field is missing, at the place of the section.
    package func missing(_ name: String, _ advice: String) {
        let place = node?[name] ?? node ?? YAMLNode.emptyMapping
        collector.add(fieldPath(name), place, "is missing: \(advice)")
    }

    package mutating func list<Value>(_ name: String, default standard: [Value], _ read: (ConfigField) -> Value?)
        -> [Value]
    {
        guard let value = value(name) else { return standard }
        return ConfigField(node: value, path: fieldPath(name), collector: collector).list(read)
    }

    /// Reports every unknown field.
    package func finish() {
        for member in node?.mapping ?? [] {
            guard let name = member.key.text, !known.contains(name) else { continue }
            let advice = Suggestion.best(for: name, among: known).map { ": did you mean \($0)?" } ?? ""
            collector.add(fieldPath(name), member.key, "is not a field that is known here\(advice)")
        }
    }
}
