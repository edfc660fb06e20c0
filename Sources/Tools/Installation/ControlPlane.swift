import Jansson
import SafeText

/// Those of the cluster's other API servers that call the webhook, or those that do not.
enum OtherAPIServers: Hashable, Sendable {
    case none
    /// Those of these nodes.
    case these([String])
    /// It cannot be found out, for this reason.
    case unknown(String)
}

/// What the cluster says about its control-plane nodes: the kubelet publishes a static pod's command line.
struct ControlPlane {
    static let podsPath = "/api/v1/namespaces/kube-system/pods?labelSelector=component%3Dkube-apiserver"
    static let endpointsPath = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/kubernetes"
    static let nodesPath = "/api/v1/nodes?labelSelector=node-role.kubernetes.io%2Fcontrol-plane"
    /// Where k3s and RKE2 publish with which arguments they were started, those of their configuration files included.
    ///
    /// Source: k3s, pkg/nodeconfig/nodeconfig.go: a list of strings in JSON, without the values of secrets.
    private static let argumentAnnotations = ["k3s.io/node-args", "rke2.io/node-args"]

    private let pods: [(node: ExactText, usesWebhook: Bool)]
    /// Nil for a node that does not publish its arguments.
    private let nodes: [(name: ExactText, usesWebhook: Bool?)]

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
            return (ExactText(node), FlagList(words).value(WebhookFlags.configFileName) == flags.configFile)
        }
        self.nodes = nodeItems.compactMap { node in
            guard let name = node["metadata"]?["name"]?.string else { return nil }
            let annotations = node["metadata"]?["annotations"]
            let published = ControlPlane.argumentAnnotations.lazy.compactMap { annotations?[named: $0]?.string }.first
            return (ExactText(name), published.flatMap { ControlPlane.usesWebhook($0, flags) })
        }
    }

    /// Whether the published arguments of a server make its API server call the webhook; nil if they do not show it.
    private static func usesWebhook(_ published: String, _ flags: WebhookFlags) -> Bool? {
        guard let list = (try? JSONDocument(parsing: Array(published.utf8)))?.root.array,
            let words = list.map(\.string) as? [String], words.contains("server")
        else { return nil }
        let option = "--kube-apiserver-arg"
        var arguments: [String] = []
        for (index, word) in words.enumerated() {
            if word == option, index + 1 < words.count { arguments.append(words[index + 1]) }
            if word.hasPrefix(option + "=") { arguments.append(String(word.dropFirst(option.count + 1))) }
        }
        return FlagList(arguments, bare: true).value(WebhookFlags.configFileName) == flags.configFile
    }

    private static func items(_ bytes: [UInt8]) -> [JSONValue]? {
        (try? JSONDocument(parsing: bytes))?.root["items"]?.array.map(Array.init)
    }

    /// The number of running API servers: each one keeps its address there. Nil if it cannot be read.
    ///
    /// - Parameter endpoints: the EndpointSlice of the service `kubernetes`.
    static func count(endpoints: [UInt8]) -> Int? {
        guard let list = (try? JSONDocument(parsing: endpoints))?.root["endpoints"]?.array else { return nil }
        return list.reduce(0) { $0 + ($1["addresses"]?.array?.count ?? 0) }
    }

    /// Whether a node's API server calls the webhook; nil if the cluster does not show it.
    func usesWebhook(_ node: String) -> Bool? {
        let node = ExactText(node)
        let known =
            pods.filter { $0.node == node }.map(\.usesWebhook)
            + nodes.filter { $0.name == node }.compactMap(\.usesWebhook)
        return known.isEmpty ? nil : known.contains(true)
    }

    /// - Parameters:
    ///   - own: the name of this node.
    ///   - servers: the number of running API servers; nil if unknown.
    ///   - callers: true for those that call the webhook, false for those that do not.
    func others(than own: String, servers: Int? = nil, callers: Bool = true) -> OtherAPIServers {
        let names = Set(pods.map(\.node) + nodes.map(\.name))
        let own = ExactText(own)
        guard names.contains(own) else {
            return .unknown("the cluster has no control-plane node called \(own)")
        }
        var found: [ExactText] = []
        var silent: [ExactText] = []
        for name in names.sorted() where name != own {
            let known =
                pods.filter { $0.node == name }.map(\.usesWebhook)
                + nodes.filter { $0.name == name }.compactMap(\.usesWebhook)
            if known.isEmpty {
                silent.append(name)
            } else if known.contains(true) == callers {
                found.append(name)
            }
        }
        if !found.isEmpty { return .these(found.map { PrintableText.clean($0.text, maximum: 100) }) }
        if silent.isEmpty, let servers, servers > names.count {
            // For example k3s with --disable-agent.
            return .unknown("\(servers) API servers run, and only \(names.count) of them on nodes of the cluster")
        }
        guard !silent.isEmpty else { return .none }
        let list = silent.map { PrintableText.clean($0.text, maximum: 100) }.joined(separator: ", ")
        return .unknown("the flags of the API server on \(list) cannot be seen")
    }
}
