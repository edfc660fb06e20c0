import Entra

/// Finds the rules of a principal's groups among thousands of rules, without looking at each rule.
///
/// It is derived from the policy's lists, so the comparison of two policies ignores it.
struct GroupRuleIndex: Sendable {
    /// Numbers of rules: admin groups first, then mappings.
    private var rules: [GUID: [Int]] = [:]
    private var count = 0

    /// Up to this number of rules, it is cheaper to search for each of them among the principal's groups.
    private static let smallest = 16

    init() {}

    init(_ policy: TenantPolicy) {
        count = policy.adminGroupObjectIDs.count + policy.groupMappings.count
        guard count > Self.smallest else { return }
        rules.reserveCapacity(count)
        for (number, group) in policy.adminGroupObjectIDs.enumerated() { rules[group, default: []].append(number) }
        for (number, mapping) in policy.groupMappings.enumerated() {
            rules[mapping.groupObjectID, default: []].append(policy.adminGroupObjectIDs.count + number)
        }
    }

    /// Numbers of the rules that apply to members of these groups, in the order of the rules, each once.
    ///
    /// - Parameters:
    ///   - admins: the admin groups; their rules come first.
    ///   - mappings: the group mappings; their numbers continue those of the admin groups.
    func matches(_ groups: [GUID], admins: [GUID], mappings: [GroupMapping]) -> [Int] {
        guard count > Self.smallest else {
            return (0..<count).filter { number in
                let rule =
                    number < admins.count
                    ? admins[number] : mappings[number - admins.count].groupObjectID
                return groups.contains(rule)
            }
        }
        var found: [Int] = []
        for group in groups {
            if let numbers = rules[group] { found.append(contentsOf: numbers) }
        }
        guard found.count > 1 else { return found }
        // A group that is listed twice still matches its rules once.
        found.sort()
        var last = -1
        return found.filter { number in
            defer { last = number }
            return number != last
        }
    }
}

extension GroupRuleIndex: Hashable {
    static func == (left: GroupRuleIndex, right: GroupRuleIndex) -> Bool { true }

    func hash(into hasher: inout Hasher) {}
}
