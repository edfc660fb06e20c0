import SafeText
import YAML

/// One object of a file, read field by field. Every problem has a place.
struct ManifestObject {
    let file: String
    /// The object's own place.
    let node: YAMLNode

    func error(_ message: String, at node: YAMLNode) -> ClusterError {
        ClusterError(message, file: file, line: node.line, column: node.column)
    }

    /// A member that exists and is not null.
    func member(_ key: String, of node: YAMLNode, _ path: String) throws(ClusterError) -> YAMLNode? {
        guard let members = node.mapping else {
            throw error("\(path.isEmpty ? "an object" : path) must be a mapping, not \(node.kindName)", at: node)
        }
        for member in members {
            guard let name = member.key.text else { continue }
            if name == "<<" { throw error("merge keys (<<) are not understood", at: member.key) }
            if name.utf8.elementsEqual(key.utf8) { return member.value.isNull ? nil : member.value }
        }
        return nil
    }

    func text(_ node: YAMLNode, _ path: String) throws(ClusterError) -> String {
        guard case .scalar(let scalar) = node.content else {
            throw error("\(path) must be a string, not \(node.kindName)", at: node)
        }
        guard !scalar.isPlain || !ManifestObject.isOtherType(node, scalar.text) else {
            throw error("\(path) must be a string; write it in quotation marks", at: node)
        }
        return scalar.text
    }

    /// Whether Kubernetes, which reads YAML 1.1, takes a word without quotes as a number, a boolean or null.
    private static func isOtherType(_ node: YAMLNode, _ text: String) -> Bool {
        if node.isNull || node.bool != nil || node.isNumber { return true }
        guard (2...3).contains(text.utf8.count) else { return false }
        return [
            "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF",
        ].contains(text)
    }

    func optionalText(_ key: String, of node: YAMLNode, _ path: String) throws(ClusterError) -> String? {
        guard let member = try member(key, of: node, path) else { return nil }
        return try text(member, path.isEmpty ? key : "\(path).\(key)")
    }

    func list(_ key: String, of node: YAMLNode, _ path: String) throws(ClusterError) -> [YAMLNode] {
        guard let member = try member(key, of: node, path) else { return [] }
        guard let elements = member.sequence else {
            throw error("\(path.isEmpty ? key : "\(path).\(key)") must be a list, not \(member.kindName)", at: member)
        }
        return elements
    }

    func texts(_ key: String, of node: YAMLNode, _ path: String) throws(ClusterError) -> [String] {
        var texts: [String] = []
        for (index, element) in try list(key, of: node, path).enumerated() {
            texts.append(try text(element, "\(path).\(key)[\(index)]"))
        }
        return texts
    }

    func pairs(_ key: String, of node: YAMLNode, _ path: String) throws(ClusterError) -> [(name: String, value: String)]
    {
        guard let member = try member(key, of: node, path) else { return [] }
        guard let members = member.mapping else {
            throw error("\(path).\(key) must be a mapping, not \(member.kindName)", at: member)
        }
        var pairs: [(name: String, value: String)] = []
        for member in members {
            let name = PrintableText.clean(member.key.text ?? "")
            if member.key.text == "<<" { throw error("merge keys (<<) are not understood", at: member.key) }
            // An annotation or label without a value is empty for the API server.
            let value = member.value.isNull ? "" : try text(member.value, "\(path).\(key)[\(name)]")
            pairs.append((member.key.text ?? "", value))
        }
        return pairs
    }
}

// MARK: RBAC objects

extension ManifestObject {
    /// The object's name; `isDefaulted` if its namespace was assumed.
    func objectName(_ kind: ObjectName.Kind) throws(ClusterError) -> (name: ObjectName, isDefaulted: Bool) {
        let metadata = try member("metadata", of: node, "")
        let name = try metadata.flatMap { node throws(ClusterError) in
            try optionalText("name", of: node, "metadata")
        }
        guard let name, !name.isEmpty else { throw error("this \(kind.rawValue) has no name", at: metadata ?? node) }
        let namespace = try metadata.flatMap { node throws(ClusterError) in
            try optionalText("namespace", of: node, "metadata")
        }
        guard kind.isNamespaced else { return (ObjectName(kind, name: name), false) }
        guard let namespace, !namespace.isEmpty else {
            return (ObjectName(kind, namespace: "default", name: name), true)
        }
        return (ObjectName(kind, namespace: namespace, name: name), false)
    }

    func role(_ name: ObjectName) throws(ClusterError) -> Role {
        var rules: [PolicyRule] = []
        for (index, rule) in try list("rules", of: node, "").enumerated() {
            let path = "rules[\(index)]"
            rules.append(
                PolicyRule(
                    verbs: try texts("verbs", of: rule, path), apiGroups: try texts("apiGroups", of: rule, path),
                    resources: try texts("resources", of: rule, path),
                    resourceNames: try texts("resourceNames", of: rule, path),
                    nonResourceURLs: try texts("nonResourceURLs", of: rule, path)))
        }
        var labels: [(name: String, value: String)] = []
        if let metadata = try member("metadata", of: node, "") {
            labels = try pairs("labels", of: metadata, "metadata")
        }
        return Role(
            name, rules: rules, labels: Dictionary(labels.map { ($0.name, $0.value) }) { $1 },
            aggregates: try aggregates())
    }

    private func aggregates() throws(ClusterError) -> [LabelSelector]? {
        guard let rule = try member("aggregationRule", of: node, "") else { return nil }
        var selectors: [LabelSelector] = []
        for (index, selector) in try list("clusterRoleSelectors", of: rule, "aggregationRule").enumerated() {
            let path = "aggregationRule.clusterRoleSelectors[\(index)]"
            var requirements = try pairs("matchLabels", of: selector, path).map {
                LabelSelector.Requirement(key: $0.name, op: .isIn, values: [$0.value])
            }
            for (index, expression) in try list("matchExpressions", of: selector, path).enumerated() {
                requirements.append(try requirement(expression, "\(path).matchExpressions[\(index)]"))
            }
            selectors.append(LabelSelector(requirements))
        }
        return selectors
    }

    private func requirement(_ node: YAMLNode, _ path: String) throws(ClusterError) -> LabelSelector.Requirement {
        guard let key = try optionalText("key", of: node, path) else { throw error("\(path).key is missing", at: node) }
        guard let word = try optionalText("operator", of: node, path),
            let op = LabelSelector.Requirement.Operator(rawValue: word)
        else { throw error("\(path).operator must be In, NotIn, Exists or DoesNotExist", at: node) }
        return LabelSelector.Requirement(key: key, op: op, values: try texts("values", of: node, path))
    }

    /// The annotation that suppresses lint rules.
    static let lintAllowance = "kube-entra.dev/lint-allow"

    func binding(_ name: ObjectName) throws(ClusterError) -> Binding {
        guard let reference = try member("roleRef", of: node, "") else {
            throw error("this \(name.kind.rawValue) has no roleRef", at: node)
        }
        var subjects: [Subject] = []
        for (index, subject) in try list("subjects", of: node, "").enumerated() {
            subjects.append(try self.subject(subject, "subjects[\(index)]"))
        }
        var allowance: String?
        if let metadata = try member("metadata", of: node, "") {
            allowance =
                try pairs("annotations", of: metadata, "metadata").first { $0.name == ManifestObject.lintAllowance }?
                .value
        }
        return Binding(
            name, role: try role(reference, of: name), subjects: subjects, lintAllowance: allowance)
    }

    /// The role of a `roleRef`. Only the default API group is allowed.
    private func role(_ reference: YAMLNode, of binding: ObjectName) throws(ClusterError) -> ObjectName {
        _ = try optionalText("apiGroup", of: reference, "roleRef")
        guard let word = try optionalText("kind", of: reference, "roleRef") else {
            throw error("roleRef.kind is missing", at: reference)
        }
        guard let kind = ObjectName.Kind(rawValue: word), kind == .role || kind == .clusterRole else {
            throw error("roleRef.kind must be Role or ClusterRole", at: reference)
        }
        guard let name = try optionalText("name", of: reference, "roleRef"), !name.isEmpty else {
            throw error("roleRef.name is missing", at: reference)
        }
        return ObjectName(kind, namespace: kind == .role ? binding.namespace : nil, name: name)
    }

    private func subject(_ node: YAMLNode, _ path: String) throws(ClusterError) -> Subject {
        _ = try optionalText("apiGroup", of: node, path)
        guard let word = try optionalText("kind", of: node, path) else {
            throw error("\(path).kind is missing", at: node)
        }
        guard let kind = Subject.Kind(rawValue: word) else {
            throw error("\(path).kind must be User, Group or ServiceAccount", at: node)
        }
        guard let name = try optionalText("name", of: node, path), !name.isEmpty else {
            throw error("\(path).name is missing", at: node)
        }
        let namespace = try optionalText("namespace", of: node, path)
        return Subject(kind, namespace: kind == .serviceAccount ? namespace : nil, name: name)
    }
}
