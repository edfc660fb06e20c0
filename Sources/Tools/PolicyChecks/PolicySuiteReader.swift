public import Configuration
import Entra
import Files
import Jansson
import Timestamps
import YAML

extension PolicySuite {
    /// Reads a suite's file. It is as strict as the configuration: an unknown field or a suite without cases is an
    /// error, never a pass.
    ///
    /// - Throws: `ConfigurationError` with every problem.
    public static func load(path: String) throws(ConfigurationError) -> PolicySuite {
        let bytes: [UInt8]
        do {
            bytes = try FileIO.read(path, waits: true)
        } catch {
            throw ConfigurationError(problems: [
                ConfigurationProblem(file: path, line: 0, column: 0, field: "", message: error.sentence)
            ])
        }
        return try parse(bytes, path: path)
    }

    /// Reads a suite's bytes.
    ///
    /// - Throws: `ConfigurationError` with every problem.
    public static func parse(_ bytes: [UInt8], path: String) throws(ConfigurationError) -> PolicySuite {
        let root: YAMLNode
        do {
            root = try YAMLNode.parse(bytes, keepsRepeatedKeys: true)
        } catch {
            throw ConfigurationError(problems: [
                ConfigurationProblem(
                    file: path, line: error.line, column: error.column, field: "", message: error.message)
            ])
        }
        let collector = ProblemCollector(file: path)
        if root["kind"]?.text == "WebhookConfiguration", root["tests"] == nil {
            collector.add(
                "", root,
                "this is the webhook's configuration, not a policy suite; `kube-entra policy test --config FILE SUITE`"
                    + " runs suites, and `kube-entra policy check --as-test` writes one")
            throw ConfigurationError(problems: collector.problems)
        }
        let cases = SuiteReader(collector: collector).read(root)
        guard collector.problems.isEmpty else {
            throw ConfigurationError(problems: collector.problems)
        }
        return PolicySuite(path: path, cases: cases)
    }
}

private struct SuiteReader {
    let collector: ProblemCollector

    func read(_ root: YAMLNode) -> [PolicyCase] {
        var file = ConfigSection(root, path: "", collector: collector)
        guard file.node != nil else {
            if root.isNull { collector.add("tests", root, "is missing: list at least one case") }
            return []
        }
        var lines: [String: Int] = [:]
        let cases =
            file.required("tests", "list at least one case") { field in
                field.nonEmptyList("a suite without a case proves nothing") { element -> PolicyCase? in
                    let known = collector.problems.count
                    guard let one = policyCase(element) else {
                        // A silently skipped case would pass.
                        return collector.problems.count > known ? nil : element.refuse("cannot be read")
                    }
                    if let first = lines[one.name] {
                        return element.refuse("has the name of the case in line \(first); give each case its own")
                    }
                    lines[one.name] = one.line
                    return one
                }
            } ?? []
        file.finish()
        return cases
    }

    private func policyCase(_ field: ConfigField) -> PolicyCase? {
        var section = ConfigSection(field.node, path: field.path, collector: collector)
        guard section.node != nil else {
            return field.node.isNull ? field.refuse("must be a mapping of fields, not null") : nil
        }
        let name = section.required("name", "say what the case shows") { $0.nonEmptyScalar() }
        let at = section.optional("at") { $0.time() }
        let question = section.required("given", "say who signs in: claims, groups, user or objectID", given)
        let expectation = section.required("expect", "say what becomes of them, for example admitted: true", expected)
        section.finish()
        guard let name, let question, let expectation else { return nil }
        return PolicyCase(name: name, question: question, at: at, expectation: expectation, line: field.node.line)
    }

    // MARK: Given

    private func given(_ field: ConfigField) -> PolicyQuestion? {
        var section = ConfigSection(field.node, path: field.path, collector: collector)
        guard let node = section.node else { return nil }
        guard node.mapping?.isEmpty == false else {
            return field.refuse("must say who signs in: claims, groups, user or objectID")
        }
        if section.has("claims") { return claims(&section) }
        var principal = HypotheticalPrincipal()
        principal.tenantID = section.optional("tenantID") { $0.guid("a tenant ID") }
        principal.objectID = section.optional("objectID") { $0.guid("an object ID") }
        principal.user = section.optional("user") { $0.nonEmptyText() }
        principal.groups = section.list("groups", default: []) { $0.guid(ConfigField.groupID) }
        principal.roles = section.list("roles", default: []) { $0.nonEmptyText() }
        principal.clientAppID = section.optional("clientAppID") { $0.guid("an application ID") }
        principal.hasGroupOverage = section.field("groupOverage", default: false) { $0.bool() }
        let kinds = SubjectKind.allCases.filter { $0 != .unknown }
        let kind: SubjectKind? = section.optional("kind") { $0.choice(among: kinds) }
        let isApp = section.field("app", default: false) { $0.bool() }
        section.finish()
        if isApp, let kind, kind != .app {
            return field.refuse("contradicts itself: app: true and kind: \(kind.rawValue)")
        }
        principal.kind = kind ?? (isApp ? .app : .user)
        return .principal(principal)
    }

    private func claims(_ section: inout ConfigSection) -> PolicyQuestion? {
        let document = section.optional("claims") { field -> JSONDocument? in
            guard field.node.mapping != nil else {
                return field.refuse("must be a mapping of claims, not \(field.node.kindName)")
            }
            guard let json = json(field) else { return nil }
            do throws(JSONError) {
                let document = try JSONDocument(parsing: json.render())
                return document.root.kind == .object ? document : field.refuse("cannot be claims of a token")
            } catch {
                return field.refuse("cannot be claims of a token: \(error.sentence)")
            }
        }
        let resolved = section.optional("resolvedGroups") { field in field.list { $0.guid(ConfigField.groupID) } }
        for name in ["tenantID", "objectID", "user", "groups", "roles", "clientAppID", "groupOverage", "kind", "app"] {
            guard let node = section.value(name) else { continue }
            collector.add(section.fieldPath(name), node, "cannot stand beside claims, which say everything themselves")
        }
        section.finish()
        return document.map { .claims($0, resolvedGroups: resolved) }
    }

    /// YAML values as JSON; nil if a problem was reported.
    private func json(_ field: ConfigField) -> JSON? {
        let node = field.node
        if let members = node.mapping {
            let section = ConfigSection(node, path: field.path, collector: collector)
            var names: Set<String> = []
            var values: [(String, JSON)] = []
            for member in members {
                let name = member.key.text ?? ""
                // The section has reported the duplicate.
                guard names.insert(name).inserted else { return nil }
                guard !name.utf8.contains(0) else {
                    collector.add(field.path, member.key, "must not have a name with control characters")
                    return nil
                }
                let inner = ConfigField(node: member.value, path: section.fieldPath(name), collector: collector)
                guard let value = json(inner) else { return nil }
                values.append((name, value))
            }
            return .object(values)
        }
        if let elements = node.sequence {
            var values: [JSON] = []
            for (index, element) in elements.enumerated() {
                let inner = ConfigField(node: element, path: "\(field.path)[\(index)]", collector: collector)
                guard let value = json(inner) else { return nil }
                values.append(value)
            }
            return .array(values)
        }
        if node.isNull { return .null }
        if let flag = node.bool { return .bool(flag) }
        if let number = node.integer { return .integer(Int64(number)) }
        let text = node.text ?? ""
        guard !text.utf8.contains(0) else { return field.refuse("must not hold control characters") }
        if case .scalar(let scalar) = node.content, scalar.isPlain, let first = text.utf8.first,
            first < 58, first > 42, let number = Double(text), number.isFinite
        {
            return .real(number)
        }
        return .string(text)
    }

    // MARK: Expected

    private func expected(_ field: ConfigField) -> PolicyExpectation? {
        var section = ConfigSection(field.node, path: field.path, collector: collector)
        guard section.node != nil else { return nil }
        var expectation = PolicyExpectation()
        expectation.admitted = section.optional("admitted") { $0.bool() }
        expectation.admin = section.optional("admin") { $0.bool() }
        expectation.username = section.optional("username") { $0.nonEmptyText() }
        expectation.groups = section.optional("groups") { field in field.list { $0.nonEmptyText() } }
        expectation.groupsInclude = section.list("groupsInclude", default: []) { $0.nonEmptyText() }
        expectation.groupsExclude = section.list("groupsExclude", default: []) { $0.nonEmptyText() }
        expectation.reason = section.optional("reason") { $0.choice() }
        section.finish()
        guard !expectation.isEmpty else {
            let hasFields = section.node?.mapping?.isEmpty == false
            return hasFields && !collector.problems.isEmpty
                ? nil : field.refuse("must expect something, for example admitted: true")
        }
        let isRefusalExpected = expectation.admitted == false || expectation.reason != nil
        let isAccessExpected =
            expectation.admitted == true || expectation.admin == true || expectation.username != nil
            || expectation.groups != nil || !expectation.groupsInclude.isEmpty
        if isRefusalExpected && isAccessExpected {
            return field.refuse("contradicts itself: who is refused has no user name, no groups and no admin rights")
        }
        return expectation
    }
}
