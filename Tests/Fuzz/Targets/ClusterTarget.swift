import ClusterAccess
import Configuration
import Jansson
import RBAC

/// RBAC objects as kubectl prints them, and what is said about them.
struct ClusterTarget: FuzzTarget {
    private let names: EntraNames
    private let questions: [AccessReport.Question]

    init() throws {
        let text = """
            apiVersion: kube-entra.dev/v1
            kind: WebhookConfiguration
            server: {certificate: s.crt, privateKey: s.key, clientCA: ca.crt}
            tenants:
            - tenantID: \(FuzzTenant.tenantID)
              audiences: [\(FuzzTenant.audience)]
              adminGroupObjectIDs: [\(FuzzTenant.adminGroup)]
              groupMappings: [{groupObjectID: \(FuzzTenant.mappedGroup), kubernetesGroups: [developers]}]
            """
        names = EntraNames(
            try ConfigurationLoader.parse(Array(text.utf8), path: "c.yaml").configuration, now: FuzzTenant.now)
        questions = try [("get", "pods"), ("*", "*.*"), ("get", "/metrics"), ("create", "pods/exec")].map {
            try QuestionText(verb: $0.0, resource: $0.1, subresource: nil, name: nil, namespace: nil).question
        }
        // Tables that are made once and kept.
        try Array("{}".utf8).withUnsafeBytes { try run($0) }
    }

    func run(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        for file in ["cluster.json", "cluster.yaml"] {
            guard let cluster = read(bytes, file: file) else { continue }
            require(
                read(bytes, file: file)?.bindings.map(\.name) == cluster.bindings.map(\.name),
                "the same file has the same bindings")
            for question in questions {
                let report = AccessReport(question, cluster: cluster, names: names)
                require(isValid(report.json.render()), "an answer is valid JSON")
                require(report.who.allSatisfy { !$0.paths.isEmpty }, "whoever can has a path")
                require(report.others.allSatisfy { !$0.paths.isEmpty }, "a stranger who can has a path")
            }
            let lint = RBACLinter.report(cluster, names: names, displayNames: DirectoryNames())
            for finding in lint.findings {
                require(!finding.message.isEmpty && !finding.hint.isEmpty, "a finding says what to do")
            }
            require(isValid(lint.json.render()), "findings are valid JSON")
        }
    }

    /// Whether this is JSON. A NUL of the input is written as an escape, which is valid but which our own reader refuses.
    private func isValid(_ json: [UInt8]) -> Bool {
        parsedJSON(json.replacing(Array("\\u0000".utf8), with: Array("\\u0001".utf8))) != nil
    }

    private func read(_ bytes: [UInt8], file: String) -> Cluster? {
        var reader = ClusterReader(limits: ClusterLimits(bytes: 1 << 20, rules: 1000))
        do throws(ClusterError) {
            try reader.read(bytes, file: file)
            return try reader.cluster()
        } catch {
            require(!error.message.isEmpty && error.file == file, "an error says where and what")
            require(error.line.map { (1...bytes.count + 1).contains($0) } ?? true, "an error has a place in the file")
            return nil
        }
    }
}
