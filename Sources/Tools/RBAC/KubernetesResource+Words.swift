extension KubernetesResource {
    /// Whether a rule about this resource can have that subresource.
    public func hasSubresource(_ name: String) -> Bool {
        // Each key of `userextras` is a subresource.
        if plural == "userextras" && group == "authentication.k8s.io" { return true }
        return name == "status"
            || (KubernetesResource.subresources[qualifiedName] ?? []).contains { $0.isSame(as: name) }
    }

    /// For example `deployments.apps`.
    public var qualifiedName: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// Subresources besides `status`.
    private static let subresources: [String: [String]] = [
        "pods": [
            "attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize",
        ],
        "services": ["proxy"],
        // The kubelet's own API.
        "nodes": ["checkpoint", "configz", "healthz", "log", "metrics", "pods", "proxy", "spec", "stats"],
        "namespaces": ["finalize"],
        "serviceaccounts": ["token"],
        "replicationcontrollers": ["scale"],
        "deployments.apps": ["scale"],
        "replicasets.apps": ["scale"],
        "statefulsets.apps": ["scale"],
        "certificatesigningrequests.certificates.k8s.io": ["approval"],
        "resourceclaims.resource.k8s.io": ["binding", "driver"],
    ]
}

/// The verbs of RBAC rules.
public enum KubernetesVerb {
    /// Whether Kubernetes itself asks about that verb for resources or paths.
    public static func isKnown(_ verb: String) -> Bool {
        // Constrained impersonation has verbs such as `impersonate:user-info`.
        known.contains(verb) || verb.utf8.starts(with: "impersonate:".utf8)
            || verb.utf8.starts(with: "impersonate-on:".utf8)
    }

    /// What people mean by a verb that Kubernetes does not have, for example `create pods/exec`; nil if that is not
    /// known.
    public static func meant(by verb: String) -> String? { meanings[verb] }

    private static let known: Set<String> = [
        "*", "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection",
        // Verbs that an authorizer is asked besides those of the request.
        "approve", "attest", "bind", "escalate", "impersonate", "sign", "use",
        // Verbs of paths.
        "head", "options", "post", "put",
    ]

    private static let meanings = [
        "annotate": "patch", "apply": "patch", "attach": "create pods/attach",
        "debug": "patch pods/ephemeralcontainers",
        "describe": "get", "edit": "patch", "evict": "create pods/eviction", "exec": "create pods/exec",
        "label": "patch", "log": "get pods/log", "logs": "get pods/log", "modify": "update",
        "port-forward": "create pods/portforward", "portforward": "create pods/portforward", "read": "get",
        "remove": "delete", "scale": "patch deployments/scale", "view": "get", "write": "update",
    ]
}
