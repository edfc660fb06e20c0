import Addresses
import SafeText

/// How a node's kube-apiserver runs, which decides where its flags are.
public enum Distribution: String, Sendable, CaseIterable {
    case kubeadm, rke2, k3s

    /// The name as its makers write it.
    var title: String { self == .rke2 ? "RKE2" : rawValue }

    /// The file with the flags: kubeadm's manifest, or our own drop-in.
    var flagFile: String {
        switch self {
        case .kubeadm: "/etc/kubernetes/manifests/kube-apiserver.yaml"
        case .rke2: "/etc/rancher/rke2/config.yaml.d/\(DropIn.fileName)"
        case .k3s: "/etc/rancher/k3s/config.yaml.d/\(DropIn.fileName)"
        }
    }

    /// The folder from which the kubelet runs static pods.
    var podFolder: String {
        switch self {
        case .kubeadm: "/etc/kubernetes/manifests"
        case .rke2: "/var/lib/rancher/rke2/agent/pod-manifests"
        case .k3s: "/var/lib/rancher/k3s/agent/pod-manifests"
        }
    }

    /// The manifest from which the kubelet runs kube-apiserver; nil if it runs without a pod.
    var apiServerManifest: String? {
        switch self {
        case .kubeadm: flagFile
        case .rke2: podFolder + "/kube-apiserver.yaml"
        case .k3s: nil
        }
    }

    /// Path of an admin's kubeconfig on a control-plane node.
    public var adminKubeconfig: String {
        switch self {
        case .kubeadm: "/etc/kubernetes/admin.conf"
        case .rke2: "/etc/rancher/rke2/rke2.yaml"
        case .k3s: "/etc/rancher/k3s/k3s.yaml"
        }
    }

    /// The kubelet's client certificate, which has the node's name.
    var kubeletCertificate: String {
        switch self {
        case .kubeadm: "/var/lib/kubelet/pki/kubelet-client-current.pem"
        case .rke2: "/var/lib/rancher/rke2/agent/client-kubelet.crt"
        case .k3s: "/var/lib/rancher/k3s/agent/client-kubelet.crt"
        }
    }

    /// The service that must be restarted for new flags; nil with kubeadm, where the kubelet restarts the pod.
    var restart: [String]? {
        switch self {
        case .kubeadm: nil
        case .rke2: ["systemctl", "restart", "rke2-server"]
        case .k3s: ["systemctl", "restart", "k3s"]
        }
    }

    /// Paths of which one exists on control-plane nodes of this distribution, and none on its other nodes.
    var signs: [String] {
        switch self {
        case .kubeadm: [flagFile]
        case .rke2: [adminKubeconfig, "/var/lib/rancher/rke2/server"]
        case .k3s: [adminKubeconfig, "/var/lib/rancher/k3s/server"]
        }
    }

    /// The distribution's own configuration, which may contain flags too.
    var configFolder: String? {
        switch self {
        case .kubeadm: nil
        case .rke2: "/etc/rancher/rke2"
        case .k3s: "/etc/rancher/k3s"
        }
    }

    /// The distributions whose files exist on the node.
    public static func found(root: String = "") -> [Distribution] {
        let files = NodeFiles(root: root)
        return allCases.filter { $0.signs.contains(where: files.exists) }
    }
}

/// How the webhook runs on a node.
public enum ServiceKind: Hashable, Sendable {
    case systemd
    case staticPod(image: String)

    /// The value of `--as`.
    public var name: String {
        switch self {
        case .systemd: "systemd"
        case .staticPod: ServiceKind.staticPodName
        }
    }

    static let staticPodName = "static-pod"
}

extension Distribution {
    /// The address of this node's own API server, from its flags; nil if they cannot be read.
    ///
    /// RKE2 and k3s have no manifest at a place of their own; their kubeconfig has the address.
    func apiServerAddress() -> (host: String, port: Int)? {
        guard self == .kubeadm, let bytes = try? NodeFiles(root: "").read(flagFile) else { return nil }
        return Distribution.apiServerAddress(bytes, isOnThisHost: HostAddresses.contains)
    }

    /// The address at which the API server of a manifest is reached from its own host.
    ///
    /// One that listens everywhere also listens on the loopback address. What it advertises may be an address that the
    /// host does not have itself.
    static func apiServerAddress(
        _ manifest: [UInt8], isOnThisHost: (String) -> Bool
    ) -> (host: String, port: Int)? {
        guard let flags = try? APIServerManifest(manifest).flagValues, let port = Int(flags["secure-port"] ?? "6443")
        else { return nil }
        let bound = flags["bind-address"] ?? ""
        guard ["", "0.0.0.0", "::"].contains(bound) else { return (bound, port) }
        let advertised = flags["advertise-address"].flatMap { isOnThisHost($0) ? $0 : nil }
        return (advertised ?? (bound == "::" ? "::1" : "127.0.0.1"), port)
    }
}
