/// What was read from a cluster's files, and what was skipped.
public struct ClusterInput: Hashable, Sendable {
    /// Number of different RBAC objects.
    public var objects = 0
    /// Number of objects of other kinds.
    public var passedOver = 0
    /// Kinds that Kubernetes itself does not have, with their numbers.
    public var unknownKinds: [String: Int] = [:]
    /// Remarks about the reading, in sentences.
    public var notices: [String] = []
    /// Roles that bindings name and that were not read, without duplicates, in the order of the bindings.
    public var missingRoles: [ObjectName] = []
    /// Number of bindings that name one of `missingRoles`.
    public var bindingsWithoutRole = 0

    /// A cluster of which nothing was read yet.
    public init() {}
}

/// The roles and bindings of one cluster, prepared for questions.
public struct Cluster: Sendable {
    /// All roles, without duplicates.
    public let roles: [Role]
    /// All bindings, without duplicates.
    public let bindings: [Binding]
    /// What was read, and what was skipped.
    public let input: ClusterInput
    /// The place of each binding, in the order of `bindings`.
    public let bindingPlaces: [Place]
    private let roleIndex: [ObjectName: Int]
    private let aggregation: Aggregation
    /// The kinds of the roles that were read.
    private let kinds: Set<ObjectName.Kind>

    /// - Parameter bindingPlaces: as many as there are bindings, or none.
    /// - Throws: ``ClusterError`` if too many ClusterRoles are selected by the `aggregationRule` of others.
    public init(
        roles: [Role], bindings: [Binding], input: ClusterInput = ClusterInput(), bindingPlaces: [Place] = []
    ) throws(ClusterError) {
        let index = Dictionary(roles.enumerated().map { ($1.name, $0) }) { first, _ in first }
        var input = input
        var missing: Set<ObjectName> = []
        for binding in bindings where index[binding.role] == nil {
            input.bindingsWithoutRole += 1
            if missing.insert(binding.role).inserted { input.missingRoles.append(binding.role) }
        }
        self.roles = roles
        self.bindings = bindings
        self.input = input
        self.bindingPlaces = bindingPlaces
        roleIndex = index
        aggregation = try Aggregation(roles)
        kinds = Set(roles.map(\.name.kind))
    }

    /// The index of a binding's role; nil if no such role exists.
    public func role(of binding: Binding) -> Int? { roleIndex[binding.role] }

    /// Whether it is unknown what a binding grants, because its role exists in the cluster but was not read.
    ///
    /// A binding whose role was deleted grants nothing. But if the input has no role of that kind, or lacks a
    /// ClusterRole that every API server creates, it is only a part of a cluster.
    public func isUnknown(_ binding: Binding) -> Bool {
        guard roleIndex[binding.role] == nil else { return false }
        return !kinds.contains(binding.role.kind) || binding.role.isMadeByKubernetes
    }

    /// A role's own and aggregated rules. The same rule may occur more than once.
    public func rules(of role: Int) -> some Sequence<PolicyRule> {
        aggregation.parts(of: role).lazy.flatMap { roles[$0].rules }
    }

    /// For each role, whether it allows the action.
    public func answers(_ question: AccessQuestion) -> [Bool] {
        let own = roles.indices.filter { roles[$0].rules.contains { $0.allows(question) } }
        var answers = Array(repeating: false, count: roles.count)
        for role in aggregation.wholes(of: own) { answers[role] = true }
        return answers
    }
}
