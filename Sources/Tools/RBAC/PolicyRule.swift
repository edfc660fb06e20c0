/// One rule of a Role or ClusterRole (`rbac.authorization.k8s.io/v1`, `PolicyRule`). `*` means all.
public struct PolicyRule: Sendable {
    /// Verbs such as `get`.
    public var verbs: [String]
    /// API groups; empty string for the core group.
    public var apiGroups: [String]
    /// Plural names, with subresources after a slash.
    public var resources: [String]
    /// Names of objects; empty for all.
    public var resourceNames: [String]
    /// Paths such as `/healthz`; a trailing `*` matches every continuation.
    public var nonResourceURLs: [String]

    public init(
        verbs: [String] = [], apiGroups: [String] = [], resources: [String] = [], resourceNames: [String] = [],
        nonResourceURLs: [String] = []
    ) {
        self.verbs = verbs
        self.apiGroups = apiGroups
        self.resources = resources
        self.resourceNames = resourceNames
        self.nonResourceURLs = nonResourceURLs
    }

    var lists: [[String]] { [verbs, apiGroups, resources, resourceNames, nonResourceURLs] }
}

extension PolicyRule: Hashable {
    /// Compares byte by byte, as the API server does.
    public static func == (left: PolicyRule, right: PolicyRule) -> Bool {
        left.lists.elementsEqual(right.lists) { $0.elementsEqual($1) { $0.isSame(as: $1) } }
    }

    public func hash(into hasher: inout Hasher) {
        for list in lists {
            hasher.combine(list.count)
            for text in list {
                hasher.combine(text.utf8.count)
                for byte in text.utf8 { hasher.combine(byte) }
            }
        }
    }
}

extension String {
    /// Whether the bytes are the same: `==` treats some different strings as equal, but RBAC does not.
    func isSame(as other: String) -> Bool {
        self == other && utf8.elementsEqual(other.utf8)
    }
}

/// The action of one request to the API server.
public enum AccessQuestion: Hashable, Sendable {
    /// An empty `group` is the core group, an empty `subresource` means none, and an empty `name` means all names.
    case resource(verb: String, group: String, resource: String, subresource: String, name: String)
    case path(verb: String, path: String)

    /// Every verb on every resource.
    public static let everything = AccessQuestion.resource(
        verb: "*", group: "*", resource: "*", subresource: "", name: "")
}

extension PolicyRule {
    /// Whether this rule allows the action, as the API server's RBAC authorizer decides it
    /// (`k8s.io/component-helpers/auth/rbac/validation`). Only `*` matches a `*` in the question.
    public func allows(_ question: AccessQuestion) -> Bool {
        switch question {
        case .resource(let verb, let group, let resource, let subresource, let name):
            return PolicyRule.matches(verbs, verb) && PolicyRule.matches(apiGroups, group)
                && matches(resource: resource, subresource: subresource)
                && (resourceNames.isEmpty || resourceNames.contains { $0.isSame(as: name) })
        case .path(let verb, let path):
            return PolicyRule.matches(verbs, verb) && nonResourceURLs.contains { PolicyRule.url($0, covers: path) }
        }
    }

    private static func matches(_ allowed: [String], _ asked: String) -> Bool {
        allowed.contains { $0.isSame(as: "*") || $0.isSame(as: asked) }
    }

    private func matches(resource: String, subresource: String) -> Bool {
        let combined = subresource.isEmpty ? resource : "\(resource)/\(subresource)"
        let ofEvery = subresource.isEmpty ? nil : "*/\(subresource)"
        return resources.contains { allowed in
            allowed.isSame(as: "*") || allowed.isSame(as: combined) || ofEvery.map { allowed.isSame(as: $0) } ?? false
        }
    }

    /// A trailing `*` matches every continuation.
    static func url(_ allowed: String, covers path: String) -> Bool {
        if allowed.isSame(as: "*") || allowed.isSame(as: path) { return true }
        guard allowed.utf8.last == UInt8(ascii: "*") else { return false }
        var prefix = allowed.utf8[...]
        while prefix.last == UInt8(ascii: "*") { prefix = prefix.dropLast() }
        return path.utf8.starts(with: prefix)
    }
}

/// A verb with which somebody can get more permissions than the rules list.
public enum WayToMore: String, Hashable, Sendable, CaseIterable {
    case bind
    case escalate
    case impersonate
}

extension PolicyRule {
    /// The ways in which this rule leads to more permissions: `impersonate` on people, `bind` and `escalate` on roles.
    public var waysToMore: [WayToMore] {
        WayToMore.allCases.filter { way in
            let groups: [String]
            let targets: [String]
            switch way {
            case .impersonate:
                groups = ["", "authentication.k8s.io"]
                targets = ["users", "groups", "serviceaccounts", "uids", "userextras"]
            case .bind, .escalate:
                groups = ["rbac.authorization.k8s.io"]
                targets = ["roles", "clusterroles"]
            }
            return PolicyRule.matches(verbs, way.rawValue)
                && apiGroups.contains { group in group.isSame(as: "*") || groups.contains { group.isSame(as: $0) } }
                && resources.contains { resource in
                    // Each key of `userextras` is a subresource.
                    let kind = resource.utf8.starts(with: "userextras/".utf8) ? "userextras" : resource
                    return kind.isSame(as: "*") || targets.contains { kind.isSame(as: $0) }
                }
        }
    }
}
