/// The place of an object in the files.
public struct Place: Hashable, Sendable, CustomStringConvertible {
    /// The path, or `standard input`.
    public var file: String
    /// The line, counted from 1.
    public var line: Int
    /// The column, counted from 1.
    public var column: Int

    /// A place in a file; both numbers count from 1.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }
}

/// The name of one RBAC object.
public struct ObjectName: Hashable, Sendable {
    /// The four kinds of RBAC objects.
    public enum Kind: String, Sendable, CaseIterable {
        case clusterRole = "ClusterRole"
        case clusterRoleBinding = "ClusterRoleBinding"
        case role = "Role"
        case roleBinding = "RoleBinding"

        /// Whether such objects belong to a namespace.
        var isNamespaced: Bool { self == .role || self == .roleBinding }
    }

    /// The kind.
    public var kind: Kind
    /// Nil for objects of the whole cluster.
    public var namespace: String?
    /// The object's `metadata.name`.
    public var name: String

    public init(_ kind: Kind, namespace: String? = nil, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// Compares names byte by byte, as the API server does.
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

extension ObjectName {
    /// Whether it is one of the ClusterRoles for people that every API server creates, and creates again when somebody
    /// deletes them.
    var isMadeByKubernetes: Bool {
        kind == .clusterRole && ["cluster-admin", "admin", "edit", "view"].contains { name.isSame(as: $0) }
    }
}

extension ObjectName: CustomStringConvertible {
    /// For example `RoleBinding team-a/deployers`.
    public var description: String { "\(kind.rawValue) \(namespace.map { $0 + "/" } ?? "")\(name)" }
}

/// Selects objects by their labels.
public struct LabelSelector: Hashable, Sendable {
    /// One condition of a label selector.
    public struct Requirement: Hashable, Sendable {
        /// The operators of `matchExpressions`; `matchLabels` is `In` with one value.
        public enum Operator: String, Sendable, CaseIterable {
            case isIn = "In"
            case notIn = "NotIn"
            case exists = "Exists"
            case doesNotExist = "DoesNotExist"
        }

        /// The label's key.
        public var key: String
        /// The operator.
        public var op: Operator
        /// The values of `In` and `NotIn`; empty for the others.
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

    /// All must hold; an empty list selects every object.
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
    /// The object's name.
    public var name: ObjectName
    /// Its own rules, without aggregated ones.
    public var rules: [PolicyRule]
    /// Labels, which other roles' `aggregationRule` may select.
    public var labels: [String: String]
    /// The selectors of its `aggregationRule`; nil if it has none.
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

/// A subject of a binding.
public struct Subject: Hashable, Sendable {
    /// The kinds of subjects in RBAC.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case user = "User"
        case group = "Group"
        case serviceAccount = "ServiceAccount"
    }

    /// The kind.
    public var kind: Kind
    /// The namespace of a service account; nil for the binding's.
    public var namespace: String?
    /// The name, compared byte by byte.
    public var name: String

    public init(_ kind: Kind, namespace: String? = nil, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// Compares names byte by byte, as the API server does.
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
    /// The object's name.
    public var name: ObjectName
    /// The role that it grants.
    public var role: ObjectName
    /// To whom it grants the role.
    public var subjects: [Subject]
    /// The annotation `kube-entra.dev/lint-allow`; nil if there is none.
    public var lintAllowance: String?

    public init(_ name: ObjectName, role: ObjectName, subjects: [Subject], lintAllowance: String? = nil) {
        self.name = name
        self.role = role
        self.subjects = subjects
        self.lintAllowance = lintAllowance
    }

    /// The namespace in which it applies; nil for everywhere.
    public var namespace: String? { name.namespace }
}
