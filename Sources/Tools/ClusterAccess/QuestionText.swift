import RBAC
import SafeText
public import Terminal

/// The words after `who --can`, read as a question.
public struct QuestionText: Sendable {
    /// The question, as the words ask it.
    public var question: AccessReport.Question
    /// Assumptions and remarks about the question.
    public var notes: [String] = []

    /// - Parameters:
    ///   - resource: RESOURCE[.GROUP][/SUBRESOURCE], or a path.
    ///   - subresource: the same as after the slash.
    /// - Throws: ``UsageProblem`` if they are not a question.
    public init(
        verb: String, resource: String, subresource: String?, name: String?, namespace: String?
    ) throws(UsageProblem) {
        guard !verb.isEmpty, !QuestionText.hasUpperCase(verb) else {
            throw UsageProblem("the verb is in lower case, for example get, list, create, delete or '*'")
        }
        guard !resource.isEmpty else { throw UsageProblem("the resource is missing, for example pods") }
        for (option, value) in [("--subresource", subresource), ("--name", name), ("--namespace", namespace)] {
            guard let value else { continue }
            guard !value.isEmpty else { throw UsageProblem("\(option) must not be empty") }
            guard resource.utf8.first != UInt8(ascii: "/") else {
                throw UsageProblem("\(option) is for a resource; a path has none")
            }
        }
        let remarks = QuestionText.remarks(verb: verb)
        if resource.utf8.first == UInt8(ascii: "/") {
            notes = remarks
            question = AccessReport.Question(.path(verb: verb, path: resource), namespace: nil)
            return
        }
        let slash = resource.utf8.firstIndex(of: UInt8(ascii: "/"))
        let written = slash.map { String(resource[resource.utf8.index(after: $0)...]) }
        guard written != "" else { throw UsageProblem("there is no subresource behind the slash") }
        if let written, let subresource, !written.utf8.elementsEqual(subresource.utf8) {
            throw UsageProblem("the slash and --subresource name different subresources")
        }
        let (plural, group, notes) = try QuestionText.parts(of: slash.map { String(resource[..<$0]) } ?? resource)
        let part = subresource ?? written ?? ""
        self.notes = notes + QuestionText.remarks(plural: plural, group: group, subresource: part) + remarks
        question = AccessReport.Question(
            .resource(verb: verb, group: group, resource: plural, subresource: part, name: name ?? ""),
            namespace: namespace)
    }

    /// A remark about a verb that Kubernetes does not have. Rules rarely name such a verb, so the answer lists little
    /// more than holders of `*`.
    private static func remarks(verb: String) -> [String] {
        guard !KubernetesVerb.isKnown(verb) else { return [] }
        let meant = KubernetesVerb.meant(by: verb).map { ": did you mean \($0)?" } ?? ""
        return ["Kubernetes has no verb \(PrintableText.clean(verb)) itself\(meant)"]
    }

    private static func remarks(plural: String, group: String, subresource: String) -> [String] {
        guard !subresource.isEmpty, let known = KubernetesResource.named(plural), known.group == group,
            !known.hasSubresource(subresource)
        else { return [] }
        return [
            "\(plural) have no subresource \(PrintableText.clean(subresource)) in Kubernetes itself;"
                + " for one object, use --name"
        ]
    }

    private static func parts(of resource: String) throws(UsageProblem) -> (
        plural: String, group: String, notes: [String]
    ) {
        let dot = resource.utf8.firstIndex(of: UInt8(ascii: "."))
        let plural = dot.map { String(resource[..<$0]) } ?? resource
        guard !plural.isEmpty else { throw UsageProblem("the resource is missing, for example pods") }
        let known = KubernetesResource.named(plural)
        let written = dot.map { String(resource[resource.utf8.index(after: $0)...]) }
        if known == nil, let meant = KubernetesResource.meant(by: plural),
            written.map({ $0.utf8.elementsEqual(meant.group.utf8) }) ?? true || hasUpperCase(plural)
        {
            throw UsageProblem("a resource is the plural in lower case: did you mean \(meant.qualifiedName)?")
        }
        guard !hasUpperCase(resource) else {
            throw UsageProblem("a resource is the plural in lower case, for example pods or deployments.apps")
        }
        if let written { return (plural, written, []) }
        guard plural != "*" else {
            return ("*", "", ["'*' asks for all of the core group; '*.*' asks for every group"])
        }
        guard let known else {
            return (
                plural, "",
                ["Kubernetes has no \(PrintableText.clean(plural)) itself; without .GROUP the core group is asked"]
            )
        }
        return (plural, known.group, known.group.isEmpty ? [] : ["taken to mean \(known.qualifiedName)"])
    }

    private static func hasUpperCase(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.properties.isUppercase }
    }
}

extension AccessReport {
    /// A remark about the answer: resources that are not in a namespace.
    public var note: String? {
        guard case .resource(_, let group, let resource, _, _) = question.asked,
            let known = KubernetesResource.named(resource), known.group == group, !known.isNamespaced,
            // Requests about a namespace count as requests in it.
            resource != "namespaces",
            (who.flatMap(\.paths) + others.flatMap(\.paths)).contains(where: { $0.namespace != nil })
        else { return nil }
        return "\(resource) belong to no namespace, so what a RoleBinding gives of them has no effect"
    }
}
