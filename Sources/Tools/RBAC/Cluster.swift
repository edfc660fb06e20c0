/// What was read, and what was not looked at.
public struct ClusterInput: Hashable, Sendable {
    /// RBAC objects, each once.
    public var objects = 0
    /// Objects of other kinds.
    public var passedOver = 0
    /// Those of them whose kind Kubernetes itself does not have.
    public var unknownKinds: [String: Int] = [:]
    /// What was read in a way that should be known, in sentences.
    public var notices: [String] = []

    public init() {}
}

/// The roles and bindings of one cluster, ready to be asked.
public struct Cluster: Sendable {
    public let roles: [Role]
    public let bindings: [Binding]
    public let input: ClusterInput
    /// Where each binding stands, in the order of `bindings`.
    public let bindingPlaces: [Place]
    private let roleIndex: [ObjectName: Int]
    /// For each role, itself and all that it aggregates, transitively.
    private let parts: [[Int]]

    /// - Parameter bindingPlaces: as many as there are bindings, or none.
    public init(
        roles: [Role], bindings: [Binding], input: ClusterInput = ClusterInput(), bindingPlaces: [Place] = []
    ) {
        self.roles = roles
        self.bindings = bindings
        self.input = input
        self.bindingPlaces = bindingPlaces
        roleIndex = Dictionary(roles.enumerated().map { ($1.name, $0) }) { first, _ in first }
        parts = Aggregation(roles).parts
    }

    /// The role that a binding gives; nil when there is none of that name.
    public func role(of binding: Binding) -> Int? { roleIndex[binding.role] }

    /// A role's rules: its own and those that it aggregates. The same rule may come more than once.
    public func rules(of role: Int) -> some Sequence<PolicyRule> {
        parts[role].lazy.flatMap { roles[$0].rules }
    }

    /// For each role whether it allows what is asked.
    public func answers(_ question: AccessQuestion) -> [Bool] {
        let own = roles.map { role in role.rules.contains { $0.allows(question) } }
        return parts.map { $0.contains { own[$0] } }
    }
}

/// Finds what `aggregationRule`s select.
private struct Aggregation {
    private(set) var parts: [[Int]]

    init(_ roles: [Role]) {
        let direct = roles.indices.map { Aggregation.selected(by: roles[$0], roles) }
        parts = roles.indices.map { start in
            guard !direct[start].isEmpty else { return [start] }
            var found: Set<Int> = [start]
            var order = [start]
            var next = 0
            while next < order.count {
                for role in direct[order[next]] where found.insert(role).inserted { order.append(role) }
                next += 1
            }
            return order
        }
    }

    private static func selected(by role: Role, _ roles: [Role]) -> [Int] {
        guard role.name.kind == .clusterRole, let selectors = role.aggregates, !selectors.isEmpty else { return [] }
        return roles.indices.filter { index in
            roles[index].name.kind == .clusterRole && selectors.contains { $0.matches(roles[index].labels) }
        }
    }
}
