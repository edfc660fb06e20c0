import YAML

/// A manifest of kube-apiserver, or kubeadm's configuration, as people have changed it.
struct RandomManifest {
    var numbers: SeededNumbers

    private static let flags = [
        "--v=2", "--allow-privileged=true", "--authorization-mode=Node,RBAC", "--secure-port=6443", "--runtime-config=",
        "--feature-gates=A=true,B=false", "--audit-policy-file=/etc/a b/p.yaml", "--zz='q'", "--bind-address=::",
        "--admission-control-config-file=/x#y", "--authentication-token-webhook-cache-ttl=0s", "--x=é", "--y=a: b",
    ]
    private static let names = ["k8s-certs", "ca-certs", "kube-entra", "kube-entra-2", "audit", "zz"]
    private static let folders = [
        "/etc/kubernetes/pki", "/srv/x", "/usr/share/ca-certificates", "/etc/kube-entra-authz",
    ]
    /// Folders for which the mount is left out, or cannot be made.
    private static let unusualFolders = ["/etc", "/etc/kube-entra", "/etc/kube-entra/", "/"]

    /// - Parameter isPlain: whether it has nothing of the webhook, and no folder around the webhook's.
    mutating func pod(isPlain: Bool) -> YAMLValue {
        var words = chosen(Self.flags, upTo: 8)
        if numbers.oneIn(2) { words.sort() }
        if numbers.oneIn(5) { words.insert(contentsOf: ["--etcd-servers", "https://127.0.0.1:2379"], at: 0) }
        if !isPlain { insertOwn(into: &words) }
        let program = numbers.pick(["kube-apiserver", "/usr/local/bin/kube-apiserver"])
        var container: [YAMLValue.Member] = [
            .init("name", .string("kube-apiserver")), .init("image", .string("registry.k8s.io/kube-apiserver:v1.33.2")),
        ]
        if numbers.oneIn(5) {
            container += [.init("command", strings([program])), .init("args", strings(words))]
        } else {
            container.append(.init("command", strings([program] + words)))
        }
        let (volumes, mounts) = volumes(isPlain: isPlain)
        if let mounts { container.append(.init("volumeMounts", mounts)) }
        if numbers.oneIn(2) {
            let probe = YAMLValue.mapping([.init("host", .string("::1")), .init("port", .literal("6443"))])
            container.append(.init("livenessProbe", .mapping([.init("httpGet", probe)])))
        }
        container.shuffle(using: &numbers)
        var containers = [YAMLValue.mapping(container)]
        if numbers.oneIn(5) {
            let sidecar = YAMLValue.mapping([.init("name", .string("sidecar")), .init("image", .string("x"))])
            containers.insert(sidecar, at: Int.random(in: 0...1, using: &numbers))
        }
        var spec: [YAMLValue.Member] = [
            .init("containers", .sequence(containers)), .init("hostNetwork", .literal("true")),
        ]
        if let volumes { spec.append(.init("volumes", volumes)) }
        spec.shuffle(using: &numbers)
        var root: [YAMLValue.Member] = [
            .init("apiVersion", .string("v1")), .init("kind", .string("Pod")), .init("spec", .mapping(spec)),
            .init("metadata", .mapping([.init("name", .string("kube-apiserver"))])),
        ]
        if numbers.oneIn(2) { root.append(.init("status", .mapping([]))) }
        root.shuffle(using: &numbers)
        return .mapping(root)
    }

    mutating func configuration(isPlain: Bool) -> YAMLValue {
        let isList = numbers.oneIn(2)
        var pairs = chosen(["v", "audit-log-path", "authorization-mode", "feature-gates"], upTo: 4).map { name in
            (name, numbers.pick(["2", "/a", "Node,RBAC", "A=true", "", "x: y"]))
        }
        if !isPlain, numbers.oneIn(3) { pairs.append(("authentication-token-webhook-version", "v1")) }
        if !isPlain, numbers.oneIn(3) {
            pairs.insert(("authentication-token-webhook-config-file", "/etc/kube-entra/webhook.yaml"), at: 0)
        }
        var server: [YAMLValue.Member] = []
        if !pairs.isEmpty {
            let items = pairs.map { name, value in
                YAMLValue.mapping([.init("name", .string(name)), .init("value", .string(value))])
            }
            let members = pairs.map { YAMLValue.Member($0, .string($1)) }
            server.append(.init("extraArgs", isList ? .sequence(items) : .mapping(members)))
        }
        var volumes: [YAMLValue] = []
        for name in chosen(Self.names, upTo: 3) {
            let folder = numbers.pick(isPlain ? Self.folders : Self.folders + Self.unusualFolders)
            volumes.append(
                .mapping([
                    .init("name", .string(name)), .init("hostPath", .string(folder)),
                    .init("mountPath", .string(folder)),
                ]))
        }
        if !volumes.isEmpty { server.append(.init("extraVolumes", .sequence(volumes))) }
        if numbers.oneIn(2) { server.append(.init("timeoutForControlPlane", .string("4m0s"))) }
        server.shuffle(using: &numbers)
        var root: [YAMLValue.Member] = [
            .init("apiVersion", .string("kubeadm.k8s.io/" + (isList ? "v1beta4" : "v1beta3"))),
            .init("kind", .string("ClusterConfiguration")), .init("clusterName", .string("kubernetes")),
            .init("etcd", .mapping([.init("local", .mapping([.init("dataDir", .string("/var/lib/etcd"))]))])),
            .init("apiServer", .mapping(server)),
        ]
        root.shuffle(using: &numbers)
        return .mapping(root)
    }

    private mutating func volumes(isPlain: Bool) -> (volumes: YAMLValue?, mounts: YAMLValue?) {
        var volumes: [YAMLValue] = []
        var mounts: [YAMLValue] = []
        // No folder of the container twice.
        var folders = (isPlain ? Self.folders : Self.folders + Self.unusualFolders.filter { $0 != "/etc/kube-entra/" })
            .shuffled(using: &numbers)
        for name in chosen(Self.names, upTo: 4).shuffled(using: &numbers) {
            guard let place = folders.popLast() else { break }
            let folder = !isPlain && numbers.oneIn(4) ? numbers.pick(Self.unusualFolders) : place
            let source = YAMLValue.mapping([.init("path", .string(folder))])
            var volume: [YAMLValue.Member] = [.init("name", .string(name)), .init("hostPath", source)]
            var mount: [YAMLValue.Member] = [.init("name", .string(name)), .init("mountPath", .string(place))]
            if numbers.oneIn(8) { volume[1] = .init("emptyDir", .mapping([])) }
            if numbers.oneIn(2) { mount.append(.init("readOnly", .literal("true"))) }
            if numbers.oneIn(2) { volume.reverse() }
            volumes.append(.mapping(volume))
            mounts.append(.mapping(mount.shuffled(using: &numbers)))
        }
        guard !volumes.isEmpty else {
            return (numbers.oneIn(3) ? .sequence([]) : nil, numbers.oneIn(3) ? .sequence([]) : nil)
        }
        return (.sequence(volumes), .sequence(mounts))
    }

    private mutating func insertOwn(into words: inout [String]) {
        let own = [
            "--authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml",
            "--authentication-token-webhook-version=v1", "--authentication-token-webhook-version=v1beta1",
            "--authentication_token_webhook_config_file=/etc/kube-entra/webhook.yaml",
            "--authentication-token-webhook-config-file=/etc/guard.yaml",
        ]
        for word in chosen(own, upTo: 2) { words.insert(word, at: Int.random(in: 0...words.count, using: &numbers)) }
    }

    private mutating func chosen(_ values: [String], upTo count: Int) -> [String] {
        Array(values.shuffled(using: &numbers).prefix(Int.random(in: 0...count, using: &numbers)))
    }

    private func strings(_ words: [String]) -> YAMLValue { .sequence(words.map(YAMLValue.string)) }
}
