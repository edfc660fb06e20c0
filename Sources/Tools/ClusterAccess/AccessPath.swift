public import Jansson
public import RBAC

/// One path through RBAC: a user or group name, the binding that names it, the role that it grants.
public struct AccessPath: Hashable, Sendable {
    /// The Kubernetes group that the binding names; nil for a user.
    public var kubernetesGroup: String?
    /// The user that the binding names; nil for a group.
    public var username: String?
    /// Nil, like the role, for `system:masters`, which RBAC does not check.
    public var binding: ObjectName?
    /// The role that the binding grants.
    public var role: ObjectName?

    /// The namespace in which it applies; nil for everywhere.
    public var namespace: String? { binding?.namespace }

    static let masters = AccessPath(kubernetesGroup: EntraNames.masters, username: nil, binding: nil, role: nil)

    init(kubernetesGroup: String?, username: String?, binding: ObjectName?, role: ObjectName?) {
        self.kubernetesGroup = kubernetesGroup
        self.username = username
        self.binding = binding
        self.role = role
    }

    init(_ subject: Subject, _ binding: Binding) {
        switch subject.kind {
        case .group: self.init(kubernetesGroup: subject.name, username: nil, binding: binding.name, role: binding.role)
        case .user: self.init(kubernetesGroup: nil, username: subject.name, binding: binding.name, role: binding.role)
        case .serviceAccount:
            let namespace = subject.namespace ?? binding.namespace ?? ""
            self.init(
                kubernetesGroup: nil, username: "system:serviceaccount:\(namespace):\(subject.name)",
                binding: binding.name, role: binding.role)
        }
    }

    /// Compares names byte by byte, as RBAC does.
    public static func == (left: AccessPath, right: AccessPath) -> Bool {
        left.binding == right.binding && left.role == right.role
            && (left.kubernetesGroup ?? "").utf8.elementsEqual((right.kubernetesGroup ?? "").utf8)
            && (left.username ?? "").utf8.elementsEqual((right.username ?? "").utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(binding)
        hasher.combine(role)
    }

    /// The path for programs.
    public var json: JSON {
        .object([
            ("kubernetesGroup", JSON(kubernetesGroup)), ("username", JSON(username)),
            ("binding", JSON(binding)), ("role", JSON(role)), ("namespace", JSON(namespace)),
        ])
    }

    /// For people: `developers → RoleBinding team-a/deployers → ClusterRole edit, in namespace team-a`.
    func words(withName: Bool = true) -> String {
        let name = kubernetesGroup ?? username ?? ""
        guard let binding, let role else { return "\(name), who is not checked at all" }
        let way = "\(binding) → \(role)" + (namespace.map { ", in namespace \($0)" } ?? ", everywhere")
        return withName ? "\(name) → \(way)" : way
    }

    /// Paths that apply everywhere come first, then by namespace and name.
    static func precedes(_ left: AccessPath, _ right: AccessPath) -> Bool {
        func key(_ path: AccessPath) -> [String] {
            [
                path.namespace ?? "", path.binding?.kind.rawValue ?? "", path.binding?.name ?? "",
                path.kubernetesGroup ?? "", path.username ?? "",
            ]
        }
        return key(left).lexicographicallyPrecedes(key(right)) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

extension JSON {
    init(_ name: ObjectName?) {
        guard let name else {
            self = .null
            return
        }
        self = .object([
            ("kind", .string(name.kind.rawValue)), ("namespace", JSON(name.namespace)), ("name", .string(name.name)),
        ])
    }
}

/// Paths without duplicates, in the order of discovery.
struct PathList {
    private(set) var paths: [AccessPath] = []
    private var seen: Set<AccessPath> = []

    mutating func add(_ path: AccessPath) {
        if seen.insert(path).inserted { paths.append(path) }
    }

    var sorted: [AccessPath] { paths.sorted(by: AccessPath.precedes) }
}
