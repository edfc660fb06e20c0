/// Which roles the `aggregationRule` of each role selects.
///
/// Roles that have the same selector share what it selects, so memory does not grow with the pairs of roles.
struct Aggregation: Sendable {
    /// For each role, the indices of its selectors in `selected`.
    private var selectors: [[Int]]
    /// For each different selector, the roles that it selects.
    private var selected: [[Int]] = []
    /// For each role, the indices of the selectors that select it.
    private var selecting: [[Int]]

    /// Largest number of comparisons of a selector with a role. Clusters need some thousands.
    static let maximumSteps = 3_000_000

    /// - Throws: ``ClusterError`` if more than ``maximumSteps`` comparisons are needed.
    init(_ roles: [Role]) throws(ClusterError) {
        selectors = Array(repeating: [], count: roles.count)
        selecting = selectors
        let candidates = LabelIndex(roles)
        var known: [LabelSelector: Int] = [:]
        var steps = 0
        for (index, role) in roles.enumerated() where role.name.kind == .clusterRole {
            for selector in Set(role.aggregates ?? []) {
                if let place = known[selector] {
                    selectors[index].append(place)
                    continue
                }
                var matches: [Int] = []
                for candidate in candidates.roles(for: selector) {
                    steps += 1
                    guard steps <= Aggregation.maximumSteps else {
                        throw ClusterError(
                            "too many ClusterRoles are selected by the aggregationRule of others", file: "the cluster")
                    }
                    if selector.matches(roles[candidate].labels) { matches.append(candidate) }
                }
                for match in matches { selecting[match].append(selected.count) }
                known[selector] = selected.count
                selectors[index].append(selected.count)
                selected.append(matches)
            }
        }
    }

    /// A role and all roles that it aggregates, transitively.
    func parts(of role: Int) -> [Int] {
        guard !selectors[role].isEmpty else { return [role] }
        var seen: Set<Int> = []
        return closure(of: [role]) { role in
            selectors[role].filter { seen.insert($0).inserted }.flatMap { selected[$0] }
        }
    }

    /// The given roles and all that aggregate one of them, transitively.
    func wholes(of roles: [Int]) -> [Int] {
        var owners: [[Int]] = Array(repeating: [], count: selected.count)
        for (role, own) in selectors.enumerated() {
            for selector in own { owners[selector].append(role) }
        }
        var seen: Set<Int> = []
        return closure(of: roles) { role in
            selecting[role].filter { seen.insert($0).inserted }.flatMap { owners[$0] }
        }
    }

    /// The start and every role that can be reached from it, each once.
    private func closure(of start: [Int], next: (Int) -> [Int]) -> [Int] {
        var order = start
        var found = Set(start)
        var place = 0
        while place < order.count {
            for role in next(order[place]) where found.insert(role).inserted { order.append(role) }
            place += 1
        }
        return order
    }
}

/// Finds the ClusterRoles that a selector may select.
private struct LabelIndex {
    private struct Label: Hashable {
        var key: String
        var value: String
    }

    private var byLabel: [Label: [Int]] = [:]
    private var all: [Int] = []

    init(_ roles: [Role]) {
        for (index, role) in roles.enumerated() where role.name.kind == .clusterRole {
            all.append(index)
            for (key, value) in role.labels { byLabel[Label(key: key, value: value), default: []].append(index) }
        }
    }

    /// The roles that have a label which the selector demands; all roles if it demands none. Without duplicates, since
    /// a role has one value for a key.
    func roles(for selector: LabelSelector) -> [Int] {
        let demand = selector.requirements.first { $0.op == .isIn }
        guard let demand else { return all }
        return Set(demand.values).flatMap { byLabel[Label(key: demand.key, value: $0)] ?? [] }.sorted()
    }
}
