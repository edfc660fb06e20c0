/// Where an object stands in the files that were read.
public struct Place: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// From 1.
    public var line: Int
    /// From 1.
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }
}

/// The name of one RBAC object.
public struct ObjectName: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case clusterRole = "ClusterRole"
        case clusterRoleBinding = "ClusterRoleBinding"
        case role = "Role"
        case roleBinding = "RoleBinding"

        /// Whether such objects belong to a namespace.
        var isNamespaced: Bool { self == .role || self == .roleBinding }
    }

    public var kind: Kind
    /// Nil for what belongs to the cluster.
    public var namespace: String?
    public var name: String

    public init(_ kind: Kind, namespace: String? = nil, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    public static func == (left: ObjectName, right: ObjectName) -> Bool {
        left.kind == right.kind && left.name.isSame(as: right.name)
            && (left.namespace ?? "").isSame(as: right.namespace ?? "")
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        for byte in (namespace ?? "").utf8 { hasher.combine(byte) }
        hasher.combine(UInt8(ascii: "/"))
        for byte in name.utf8 { hasher.combine(byte) }
    }
}

extension ObjectName: CustomStringConvertible {
    /// For example `RoleBinding team-a/deployers`.
    public var description: String { "\(kind.rawValue) \(namespace.map { $0 + "/" } ?? "")\(name)" }
}

/// Which objects are meant, by their labels.
public struct LabelSelector: Hashable, Sendable {
    public struct Requirement: Hashable, Sendable {
        public enum Operator: String, Sendable, CaseIterable {
            case isIn = "In"
            case notIn = "NotIn"
            case exists = "Exists"
            case doesNotExist = "DoesNotExist"
        }

        public var key: String
        public var op: Operator
        public var values: [String]

        public init(key: String, op: Operator, values: [String] = []) {
            self.key = key
            self.op = op
            self.values = values
        }

        func matches(_ labels: [String: String]) -> Bool {
            let isListed = labels[key].map { value in values.contains { $0.isSame(as: value) } }
            switch op {
            case .isIn: return isListed ?? false
            case .notIn: return !(isListed ?? false)
            case .exists: return labels[key] != nil
            case .doesNotExist: return labels[key] == nil
            }
        }
    }

    /// All must hold; none matches every object.
    public var requirements: [Requirement]

    public init(_ requirements: [Requirement] = []) {
        self.requirements = requirements
    }

    func matches(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { $0.matches(labels) }
    }
}

/// A Role or a ClusterRole.
public struct Role: Hashable, Sendable {
    public var name: ObjectName
    public var rules: [PolicyRule]
    public var labels: [String: String]
    /// What an `aggregationRule` selects; nil without one.
    public var aggregates: [LabelSelector]?

    public init(
        _ name: ObjectName, rules: [PolicyRule], labels: [String: String] = [:], aggregates: [LabelSelector]? = nil
    ) {
        self.name = name
        self.rules = rules
        self.labels = labels
        self.aggregates = aggregates
    }
}

/// Whom a binding names.
public struct Subject: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case user = "User"
        case group = "Group"
        case serviceAccount = "ServiceAccount"
    }

    public var kind: Kind
    /// Of a service account; nil: the binding's.
    public var namespace: String?
    public var name: String

    public init(_ kind: Kind, namespace: String? = nil, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    public static func == (left: Subject, right: Subject) -> Bool {
        left.kind == right.kind && left.name.isSame(as: right.name)
            && (left.namespace == nil) == (right.namespace == nil)
            && (left.namespace ?? "").isSame(as: right.namespace ?? "")
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        for byte in name.utf8 { hasher.combine(byte) }
    }
}

/// A RoleBinding or a ClusterRoleBinding.
public struct Binding: Hashable, Sendable {
    public var name: ObjectName
    public var role: ObjectName
    public var subjects: [Subject]
    /// The annotation `kube-entra.dev/lint-allow`.
    public var lintAllowance: String?

    public init(_ name: ObjectName, role: ObjectName, subjects: [Subject], lintAllowance: String? = nil) {
        self.name = name
        self.role = role
        self.subjects = subjects
        self.lintAllowance = lintAllowance
    }

    /// Where it holds; nil: everywhere.
    public var namespace: String? { name.namespace }
}
