import AccessPolicy
import Authentication
import Configuration
import HTTPSClient
import Jansson
import Kubeconfigs
import SafeText

extension Doctor {
    /// What the API server says about the caller's permissions in a namespace.
    mutating func checkPermissions(_ server: APIServer, token: String, namespace: String) {
        let status: JSONValue
        do throws(HTTPSError) {
            let spec = JSON.object([("namespace", .string(namespace))])
            let response = try server.askAboutSelf("SelfSubjectRulesReview", spec, token: token)
            if response.status == 401, report.user == nil {
                report.add(.permissions, .failed, "the API server refuses the token", hint: unauthorized)
                return
            }
            guard let answer = try response.status(of: "SelfSubjectRulesReview") else {
                report.add(
                    .permissions, .skipped, "the API server does not say: its answer is no SelfSubjectRulesReview")
                return
            }
            status = answer
        } catch {
            report.add(.permissions, .skipped, "the API server does not say: \(error.sentence)")
            return
        }
        let rules = SubjectRules(status)
        if rules.allowsEverything {
            report.add(.permissions, .passed, "may do everything in the namespace \(namespace)")
        } else if rules.count > 0 {
            report.add(
                .permissions, .passed,
                "\(rules.count == 1 ? "1 rule" : "\(rules.count) rules") in the namespace \(namespace)")
        } else if rules.isIncomplete {
            tryPermission(server, token: token, namespace: namespace)
        } else {
            reportNothing("allowed nothing in the namespace \(namespace)", namespace)
        }
    }

    /// Judges by one question, for an API server with an authorizer that cannot list what it allows. Every webhook
    /// authorizer is one, and so is the kill switch.
    private mutating func tryPermission(_ server: APIServer, token: String, namespace: String) {
        let (verb, group, resource) = boundAdminGroup == nil ? ("get", "", "pods") : ("*", "*", "*")
        let attributes = JSON.object([
            ("namespace", .string(namespace)), ("verb", .string(verb)), ("group", .string(group)),
            ("resource", .string(resource)),
        ])
        let silent = "an authorizer of this cluster does not list what it allows, and the API server does not say"
        do throws(HTTPSError) {
            let spec = JSON.object([("resourceAttributes", attributes)])
            let response = try server.askAboutSelf("SelfSubjectAccessReview", spec, token: token)
            guard let isAllowed = try response.status(of: "SelfSubjectAccessReview")?["allowed"]?.bool else {
                report.add(.permissions, .skipped, "\(silent): its answer is no SelfSubjectAccessReview")
                return
            }
            let what = boundAdminGroup == nil ? "get pods" : "do everything"
            if isAllowed {
                report.add(.permissions, .passed, "may \(what) in the namespace \(namespace)")
            } else {
                reportNothing("not allowed to \(what) in the namespace \(namespace)", namespace)
            }
        } catch {
            report.add(.permissions, .skipped, "\(silent): \(error.sentence)")
        }
    }

    /// The first of the caller's groups that makes an admin.
    private var boundAdminGroup: String? {
        let adminGroups = configuration?.authentication.kubernetes.adminGroups ?? KubernetesPolicy().adminGroups
        return ownGroups.first { adminGroups.contains(ExactText($0)) }
    }

    private var ownGroups: [String] { report.user?.groups.filter { !$0.hasPrefix("system:") } ?? [] }

    /// - Parameter lack: what is not allowed.
    private mutating func reportNothing(_ lack: String, _ namespace: String) {
        if let admins = boundAdminGroup {
            report.add(
                .permissions, .failed, "an admin to the webhook, but \(lack)",
                hint: "the admins' binding is missing: kubectl create clusterrolebinding kube-entra-cluster-admins"
                    + " --clusterrole=cluster-admin --group=\(ShellWord.quoted(admins))")
            return
        }
        let subject =
            ownGroups.first.map { "--group=" + ShellWord.quoted($0) }
            ?? "--user=" + ShellWord.quoted(report.user?.username ?? "")
        report.add(
            .permissions, .failed, "signed in, but \(lack)",
            hint: "ask an administrator for a binding, for example: kubectl create rolebinding kube-entra-view"
                + " --clusterrole=view --namespace=\(ShellWord.quoted(namespace)) \(subject); or choose another"
                + " namespace")
    }
}

extension APIServer {
    /// Posts a review of the caller's own permissions.
    fileprivate func askAboutSelf(
        _ kind: String, _ spec: JSON, token: String
    ) throws(HTTPSError) -> HTTPSResponse {
        let body = JSON.object([
            ("kind", .string(kind)), ("apiVersion", .string("authorization.k8s.io/v1")), ("spec", spec),
        ]).render()
        return try send(.post, "/apis/authorization.k8s.io/v1/\(kind.lowercased())s", token: token, body: body)
    }
}

extension HTTPSResponse {
    /// The status of a review; nil if the answer is another object, which says nothing about permissions even if it
    /// has a status.
    fileprivate func status(of kind: String) throws(HTTPSError) -> JSONValue? {
        let body = try successBody()
        guard let root = (try? JSONDocument(parsing: body, maximumBytes: 4 << 20))?.root, root["kind"]?.string == kind
        else { return nil }
        return root["status"]
    }
}

/// The caller's own permissions, without those that everybody has.
struct SubjectRules {
    private(set) var count = 0
    private(set) var allowsEverything = false
    let isIncomplete: Bool

    init(_ status: JSONValue) {
        isIncomplete = status["incomplete"]?.bool ?? false
        guard let rules = status["resourceRules"]?.array else { return }
        for rule in rules {
            func texts(_ value: JSONValue?) -> [String] { value?.array?.compactMap(\.string) ?? [] }
            let (verbs, groups) = (texts(rule["verbs"]), texts(rule["apiGroups"]))
            let resources = texts(rule["resources"])
            // `system:basic-user` lets every authenticated user ask about itself.
            if !resources.isEmpty, resources.allSatisfy({ $0.hasPrefix("selfsubject") }) { continue }
            count += 1
            if verbs.contains("*"), groups.contains("*"), resources.contains("*") { allowsEverything = true }
        }
    }
}
