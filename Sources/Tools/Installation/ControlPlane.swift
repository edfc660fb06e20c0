import Jansson
import SafeText

/// The cluster's other API servers. The admins' binding and kubeadm's configuration are theirs too.
enum OtherAPIServers: Hashable, Sendable {
    /// No other one calls the webhook.
    case none
    /// These nodes' API servers call it.
    case use([String])
    /// It cannot be found out, for this reason.
    case unknown(String)
}

/// What the cluster says about its control-plane nodes: the kubelet publishes a static pod's command line.
struct ControlPlane {
    static let podsPath = "/api/v1/namespaces/kube-system/pods?labelSelector=component%3Dkube-apiserver"
    static let nodesPath = "/api/v1/nodes?labelSelector=node-role.kubernetes.io%2Fcontrol-plane"
    /// Where k3s and RKE2 publish their arguments; those of configuration files are not always among them.
    private static let argumentAnnotations = ["k3s.io/node-args", "rke2.io/node-args"]

    private let pods: [(node: String, usesWebhook: Bool)]
    private let nodes: [(name: String, namesWebhook: Bool)]

    /// Reads the two lists.
    ///
    /// - Returns: nil if one of them is not a list.
    init?(pods: [UInt8], nodes: [UInt8], flags: WebhookFlags) {
        guard let podItems = ControlPlane.items(pods), let nodeItems = ControlPlane.items(nodes) else { return nil }
        self.pods = podItems.compactMap { pod in
            guard let node = pod["spec"]?["nodeName"]?.string else { return nil }
            let containers = pod["spec"]?["containers"]?.array.map(Array.init) ?? []
            let words = containers.flatMap { container in
                ["command", "args"].flatMap { container[named: $0]?.array?.compactMap(\.string) ?? [] }
            }
            return (node, FlagList(words).value(WebhookFlags.configFileName) == flags.configFile)
        }
        self.nodes = nodeItems.compactMap { node in
            guard let name = node["metadata"]?["name"]?.string else { return nil }
            let annotations = node["metadata"]?["annotations"]
            let namesWebhook = ControlPlane.argumentAnnotations.contains { key in
                annotations?[named: key]?.string?.contains(flags.configFile) ?? false
            }
            return (name, namesWebhook)
        }
    }

    private static func items(_ bytes: [UInt8]) -> [JSONValue]? {
        (try? JSONDocument(parsing: bytes))?.root["items"]?.array.map(Array.init)
    }

    /// - Parameter own: the name of this node.
    func others(than own: String) -> OtherAPIServers {
        let names = Set(pods.map(\.node) + nodes.map(\.name))
        guard names.contains(own) else {
            return .unknown("the cluster has no control-plane node called \(own)")
        }
        var users: [String] = []
        var silent: [String] = []
        for name in names.sorted() where name != own {
            let ofNode = pods.filter { $0.node == name }
            if ofNode.contains(where: \.usesWebhook) || nodes.contains(where: { $0.name == name && $0.namesWebhook }) {
                users.append(name)
            } else if ofNode.isEmpty {
                silent.append(name)
            }
        }
        if !users.isEmpty { return .use(users.map { PrintableText.clean($0, maximum: 100) }) }
        guard !silent.isEmpty else { return .none }
        let list = silent.map { PrintableText.clean($0, maximum: 100) }.joined(separator: ", ")
        return .unknown("the flags of the API server on \(list) cannot be seen")
    }
}
