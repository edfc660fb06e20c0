import Jansson
import SafeText
import YAML

extension Kubeconfig {
    /// Reads one file. Unknown fields are ignored, as in kubectl.
    ///
    /// - Parameter path: names the file; relative paths in it start at its folder.
    /// - Throws: ``KubeconfigError`` if the file is not a kubeconfig.
    public static func parse(_ bytes: [UInt8], path: String) throws(KubeconfigError) -> Kubeconfig {
        // An empty file is not a YAML document, but kubectl accepts it as an empty kubeconfig.
        let isEmpty = bytes.split(separator: UInt8(ascii: "\n")).allSatisfy { line in
            line.first { $0 != 9 && $0 != 13 && $0 != 32 }.map { $0 == UInt8(ascii: "#") } ?? true
        }
        if isEmpty { return Kubeconfig() }
        let root: YAMLNode
        do throws(YAMLError) {
            root = try YAMLNode.parse(bytes, limits: YAMLLimits(bytes: 4 << 20, nodes: 200_000))
        } catch {
            throw .unreadable(message: error.message, line: error.line, column: error.column)
        }
        var kubeconfig = Kubeconfig()
        if root.isNull { return kubeconfig }
        guard root.mapping != nil else {
            throw .malformed(field: "the file", line: root.line, column: root.column)
        }
        let folder = folder(of: path)
        for (name, node) in try entries(root, "clusters", "cluster") {
            kubeconfig.clusters[ExactText(name)] = try cluster(FieldReader(node: node, folder: folder), path: path)
        }
        for (name, node) in try entries(root, "users", "user") {
            kubeconfig.users[ExactText(name)] = try user(FieldReader(node: node, folder: folder), path: path)
        }
        for (name, node) in try entries(root, "contexts", "context") {
            let fields = FieldReader(node: node, folder: folder)
            var context = KubeconfigContext()
            context.cluster = try fields.text("cluster")
            context.user = try fields.text("user")
            context.namespace = try fields.text("namespace")
            kubeconfig.contexts[ExactText(name)] = context
        }
        kubeconfig.currentContext = try FieldReader(node: root, folder: folder).text("current-context")
        return kubeconfig
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func entries(
        _ root: YAMLNode, _ list: String, _ member: String
    ) throws(KubeconfigError) -> [(name: String, value: YAMLNode)] {
        guard let node = root[list], !node.isNull else { return [] }
        guard let elements = node.sequence else { throw .malformed(field: list, line: node.line, column: node.column) }
        var found: [(name: String, value: YAMLNode)] = []
        var seen: Set<ExactText> = []
        for element in elements {
            guard let name = element["name"]?.text else {
                throw .malformed(field: list, line: element.line, column: element.column)
            }
            guard seen.insert(ExactText(name)).inserted else { throw .repeated(field: list, name: name) }
            let value = element[member] ?? .emptyMapping
            guard value.mapping != nil || value.isNull else {
                throw .malformed(field: "\(list).\(member)", line: value.line, column: value.column)
            }
            found.append((name, value))
        }
        return found
    }

    private static func cluster(_ fields: FieldReader, path: String) throws(KubeconfigError) -> KubeconfigCluster {
        var cluster = KubeconfigCluster()
        cluster.file = path
        cluster.server = try fields.text("server")
        cluster.authority = try fields.source("certificate-authority")
        cluster.tlsServerName = try fields.text("tls-server-name")
        cluster.skipsVerification = try fields.flag("insecure-skip-tls-verify")
        cluster.proxyURL = try fields.text("proxy-url")
        for element in fields.node["extensions"]?.sequence ?? []
        where element["name"]?.text == "client.authentication.k8s.io/exec" {
            cluster.pluginConfiguration = element["extension"].map { json($0) }
        }
        return cluster
    }

    private static func user(_ fields: FieldReader, path: String) throws(KubeconfigError) -> KubeconfigUser {
        var user = KubeconfigUser()
        user.file = path
        user.token = try fields.text("token")
        user.tokenFile = try fields.text("tokenFile").map(fields.resolved)
        user.clientCertificate = try fields.source("client-certificate")
        user.clientKey = try fields.source("client-key")
        user.username = try fields.text("username")
        user.impersonates = try fields.text("as")
        if let node = fields.node["exec"], !node.isNull {
            user.plugin = try plugin(FieldReader(node: node, folder: fields.folder))
        }
        if let node = fields.node["auth-provider"], !node.isNull {
            var settings: [String: String] = [:]
            for member in node["config"]?.mapping ?? [] {
                if let name = member.key.text, let value = member.value.text { settings[name] = value }
            }
            user.authProvider = AuthProvider(name: node["name"]?.text ?? "", settings: settings)
        }
        return user
    }

    private static func plugin(_ fields: FieldReader) throws(KubeconfigError) -> ExecPlugin {
        var plugin = ExecPlugin()
        plugin.apiVersion = try fields.text("apiVersion") ?? ""
        let command = try fields.text("command") ?? ""
        // Only a command with a slash is a path; any other is searched in PATH.
        plugin.command = command.contains("/") ? fields.resolved(command) : command
        plugin.installHint = try fields.text("installHint")
        plugin.providesClusterInfo = try fields.flag("provideClusterInfo")
        plugin.interactiveMode = try fields.text("interactiveMode").flatMap(ExecPlugin.InteractiveMode.init)
        if let node = fields.node["args"], !node.isNull {
            for element in node.sequence ?? [node] {
                guard let text = element.text else {
                    throw .malformed(field: "exec.args", line: element.line, column: element.column)
                }
                plugin.arguments.append(text)
            }
        }
        if let node = fields.node["env"], !node.isNull {
            for element in node.sequence ?? [node] {
                guard let name = element["name"]?.text, let value = element["value"]?.text else {
                    throw .malformed(field: "exec.env", line: element.line, column: element.column)
                }
                plugin.environment.append(.init(name: name, value: value))
            }
        }
        return plugin
    }

    private static func json(_ node: YAMLNode) -> JSON {
        switch node.content {
        case .mapping(let members):
            .object(members.compactMap { member in member.key.text.map { ($0, json(member.value)) } })
        case .sequence(let elements): .array(elements.map(json))
        case .scalar(let scalar):
            if node.isNull {
                .null
            } else if let flag = node.bool {
                .bool(flag)
            } else if let number = node.integer {
                .integer(Int64(number))
            } else {
                .string(scalar.text)
            }
        }
    }
}

/// Reads a mapping's fields and reports the first one with the wrong form.
private struct FieldReader {
    let node: YAMLNode
    let folder: String

    /// Nil if the field is missing or empty.
    func text(_ name: String) throws(KubeconfigError) -> String? {
        guard let value = node[name], !value.isNull else { return nil }
        guard let text = value.text else { throw malformed(name, value) }
        return text.isEmpty ? nil : text
    }

    func flag(_ name: String) throws(KubeconfigError) -> Bool {
        guard let value = node[name], !value.isNull else { return false }
        guard let flag = value.bool else { throw malformed(name, value) }
        return flag
    }

    /// `NAME-data`, which takes precedence, or `NAME`.
    func source(_ name: String) throws(KubeconfigError) -> KubeconfigSource? {
        if let data = try text(name + "-data") { return Base64.decode(data).map { .data($0) } ?? .damaged }
        return try text(name).map { .file(resolved($0)) }
    }

    func resolved(_ path: String) -> String {
        path.hasPrefix("/") ? path : folder == "/" ? "/" + path : folder + "/" + path
    }

    private func malformed(_ name: String, _ value: YAMLNode) -> KubeconfigError {
        .malformed(field: name, line: value.line, column: value.column)
    }
}
