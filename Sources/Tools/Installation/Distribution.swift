/// How a node's kube-apiserver is run, and so where its flags go.
public enum Distribution: String, Sendable, CaseIterable {
    case kubeadm, rke2, k3s

    /// The file that carries the flags: kubeadm's manifest, or a drop-in of our own.
    var flagFile: String {
        switch self {
        case .kubeadm: "/etc/kubernetes/manifests/kube-apiserver.yaml"
        case .rke2: "/etc/rancher/rke2/config.yaml.d/\(DropIn.fileName)"
        case .k3s: "/etc/rancher/k3s/config.yaml.d/\(DropIn.fileName)"
        }
    }

    /// The folder that the kubelet runs static pods from.
    var podFolder: String {
        switch self {
        case .kubeadm: "/etc/kubernetes/manifests"
        case .rke2: "/var/lib/rancher/rke2/agent/pod-manifests"
        case .k3s: "/var/lib/rancher/k3s/agent/pod-manifests"
        }
    }

    /// An admin's kubeconfig on a control-plane node.
    public var adminKubeconfig: String {
        switch self {
        case .kubeadm: "/etc/kubernetes/admin.conf"
        case .rke2: "/etc/rancher/rke2/rke2.yaml"
        case .k3s: "/etc/rancher/k3s/k3s.yaml"
        }
    }

    /// What has to be restarted for new flags; with kubeadm, the kubelet does it by itself.
    var restart: [String]? {
        switch self {
        case .kubeadm: nil
        case .rke2: ["systemctl", "restart", "rke2-server"]
        case .k3s: ["systemctl", "restart", "k3s"]
        }
    }

    /// What is there on a control-plane node of this distribution.
    var sign: String {
        switch self {
        case .kubeadm: flagFile
        case .rke2: "/etc/rancher/rke2"
        case .k3s: "/etc/rancher/k3s"
        }
    }

    /// The distribution's own configuration, where flags may stand too.
    var configFolder: String? {
        switch self {
        case .kubeadm: nil
        case .rke2: "/etc/rancher/rke2"
        case .k3s: "/etc/rancher/k3s"
        }
    }

    /// Which distributions a node looks like.
    public static func found(root: String = "") -> [Distribution] {
        allCases.filter { NodeFiles(root: root).exists($0.sign) }
    }
}

/// How the webhook is run on a node.
public enum ServiceKind: Hashable, Sendable {
    case systemd
    case staticPod(image: String)

    /// As `--as` names it.
    public var name: String {
        switch self {
        case .systemd: "systemd"
        case .staticPod: "static-pod"
        }
    }
}

extension Distribution {
    /// Where this node's own API server answers, by its flags; nil where they are not to be had.
    public func apiServerAddress(root: String = "") -> (host: String, port: Int)? {
        guard self == .kubeadm, let bytes = try? NodeFiles(root: root).read(flagFile),
            let flags = try? APIServerManifest(bytes).flagValues
        else { return nil }
        let bound = flags["bind-address"].flatMap { $0 == "0.0.0.0" || $0 == "::" ? nil : $0 }
        guard let port = Int(flags["secure-port"] ?? "6443"),
            let host = bound ?? flags["advertise-address"], !host.isEmpty
        else { return nil }
        return (host, port)
    }
}
