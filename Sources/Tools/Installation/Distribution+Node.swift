import Terminal

extension Distribution {
    /// The only distribution whose files exist on this node.
    ///
    /// - Throws: `CommandFailure` if there is none, or more than one.
    public static func ofThisNode() throws -> Distribution {
        let found = found()
        guard let first = found.first else {
            throw CommandFailure(
                "this is not a control-plane node of kubeadm, RKE2 or k3s: there is no"
                    + " /etc/kubernetes/manifests/kube-apiserver.yaml, /etc/rancher/rke2 or /etc/rancher/k3s",
                hint: "run it on a control-plane node, or say --distribution; deploy/kubeadm has the way by hand")
        }
        guard found.count == 1 else {
            throw CommandFailure(
                "this node looks like \(found.map(\.rawValue).joined(separator: " and "))",
                hint: "say which it is with --distribution")
        }
        return first
    }
}
