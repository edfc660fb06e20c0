import Jansson
public import RBAC
import Timestamps

/// Who can do something, with every path to it.
public struct AccessReport: Sendable {
    /// The question, as it is printed.
    public struct Question: Sendable {
        /// The verb and what it is done to.
        public var asked: AccessQuestion
        /// The namespace; nil asks about everywhere, and about each single namespace.
        public var namespace: String?

        public init(_ asked: AccessQuestion, namespace: String?) {
            self.asked = asked
            self.namespace = namespace
        }
    }

    /// The question that this report answers.
    public var question: Question
    /// Those who sign in with Entra.
    public var who: [(holder: EntraHolder, paths: [AccessPath])]
    /// Those who can do it and do not sign in with Entra.
    public var others: [(subject: Subject, paths: [AccessPath])]

    /// Bindings to names from Entra that might answer the question, but whose roles were not read.
    public var unknown: [Binding]
    /// What was read to answer the question.
    public var input: ClusterInput

    /// Whether the question has an answer. If nobody was found, it has none when no object was read, or when one of the
    /// ``unknown`` bindings might change that.
    public var isKnown: Bool { !who.isEmpty || (unknown.isEmpty && input.objects > 0) }

    /// Answers the question.
    public init(_ question: Question, cluster: Cluster, names: EntraNames) {
        self.question = question
        input = cluster.input
        var holders = HolderPaths()
        var strangers: [Subject: PathList] = [:]
        let answers = cluster.answers(question.asked)
        for binding in cluster.bindings where question.concerns(binding) {
            guard let role = cluster.role(of: binding), answers[role] else { continue }
            for subject in binding.subjects {
                let path = AccessPath(subject, binding)
                let known = names.holders(of: subject)
                for holder in known { holders.add(holder, path) }
                guard known.isEmpty else { continue }
                var subject = subject
                if subject.kind == .serviceAccount {
                    // A service account without a namespace is in the binding's namespace; a ClusterRoleBinding has
                    // none.
                    guard let namespace = subject.namespace ?? binding.namespace else { continue }
                    subject.namespace = namespace
                }
                strangers[subject, default: PathList()].add(path)
            }
        }
        for holder in names.holders(ofGroup: EntraNames.masters) { holders.add(holder, .masters) }
        who = holders.sorted
        unknown = cluster.bindings.filter { binding in
            question.concerns(binding) && cluster.isUnknown(binding)
                && binding.subjects.contains { !names.holders(of: $0).isEmpty }
        }
        others = strangers.map { ($0.key, $0.value.sorted) }.sorted { left, right in
            [left.subject.kind.rawValue, left.subject.namespace ?? "", left.subject.name].lexicographicallyPrecedes(
                [right.subject.kind.rawValue, right.subject.namespace ?? "", right.subject.name]
            ) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }
}

extension AccessReport.Question {
    /// Whether a binding can be part of the answer.
    func concerns(_ binding: Binding) -> Bool {
        guard let place = binding.namespace else { return true }
        if case .path = asked { return false }
        return namespace.map { $0.utf8.elementsEqual(place.utf8) } ?? true
    }

    var json: JSON {
        switch asked {
        case .resource(let verb, let group, let resource, let subresource, let name):
            .object([
                ("verb", .string(verb)), ("resource", .string(resource)), ("group", .string(group)),
                ("subresource", JSON(subresource.isEmpty ? nil : subresource)), ("namespace", JSON(namespace)),
                ("name", JSON(name.isEmpty ? nil : name)), ("path", .null),
            ])
        case .path(let verb, let path):
            .object([
                ("verb", .string(verb)), ("resource", .null), ("group", .null), ("subresource", .null),
                ("namespace", .null), ("name", .null), ("path", .string(path)),
            ])
        }
    }
}

/// Holders with their paths.
struct HolderPaths {
    /// Emergency entries of one object that end at different times are different holders.
    private struct Key: Hashable {
        let identity: EntraHolder.Identity
        let until: Timestamp?
    }

    private var paths: [Key: (holder: EntraHolder, paths: PathList)] = [:]

    mutating func add(_ holder: EntraHolder, _ path: AccessPath) {
        let key = Key(identity: holder.identity, until: holder.until)
        paths[key, default: (holder, PathList())].paths.add(path)
    }

    var sorted: [(holder: EntraHolder, paths: [AccessPath])] {
        paths.values.map { ($0.holder, $0.paths.sorted) }.sorted { EntraHolder.precedes($0.holder, $1.holder) }
    }
}

extension EntraNames {
    /// The principals of Entra that a binding's subject can mean; empty if it means others.
    func holders(of subject: Subject) -> [EntraHolder] {
        switch subject.kind {
        case .group:
            subject.name.utf8.elementsEqual(EntraNames.everybody.utf8)
                ? [EntraHolder(.everybody)] : holders(ofGroup: subject.name)
        case .user: holder(ofUser: subject.name).map { [$0] } ?? []
        case .serviceAccount: []
        }
    }
}
