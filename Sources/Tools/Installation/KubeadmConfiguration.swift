/// What kubeadm's own configuration, a ConfigMap of the cluster, says about the flags.
enum KubeadmConfiguration: Hashable {
    case hasFlags, lacksFlags
    /// The cluster has none.
    case absent
    /// It cannot be read, for this reason.
    case unreadable(String)
    /// Neither `enable` nor `disable` can change it, for this reason; `asks` says whether it names the webhook.
    case uneditable(String, asks: Bool)

    /// The command with which people change it.
    static let edit =
        "kubectl -n kube-system edit configmap kubeadm-config (the lines are in deploy/kubeadm, Without the command)"
    private static let show = "kubectl -n kube-system get configmap kubeadm-config -o yaml"

    /// Whether it has the flags; nil if that is not known.
    var hasFlags: Bool? {
        switch self {
        case .hasFlags: true
        case .lacksFlags: false
        case .absent, .unreadable, .uneditable: nil
        }
    }

    /// Whether kubeadm would give the flags to API servers.
    var asks: Bool { self == .hasFlags || isUneditable(asking: true) }

    /// Whether `enable` cannot change it, while it asks the webhook or does not.
    func isUneditable(asking: Bool) -> Bool {
        if case .uneditable(_, asks: asking) = self { true } else { false }
    }

    /// Why it is not known or cannot be changed, and the command that helps; nil if there is no such reason.
    var problem: String? {
        switch self {
        case .hasFlags, .lacksFlags, .absent: nil
        case .unreadable(let reason): "not known: \(reason); look at it with: \(KubeadmConfiguration.show)"
        case .uneditable(let reason, asks: true):
            "names the webhook, and `enable` cannot check or change it: \(reason); look at it with:"
                + " \(KubeadmConfiguration.edit)"
        case .uneditable(let reason, asks: false):
            "`enable` cannot add the flags: \(reason); add them with: \(KubeadmConfiguration.edit)"
        }
    }
}
