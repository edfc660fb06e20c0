import AccessPolicy
import Authentication
import Configuration
import Entra
import EntraTokens
import HTTPSClient
import Inspection
import Jansson
import Kubeconfigs
import SafeText
import TokenReviewAPI

extension Doctor {
    /// Asks the API server who the caller is and what it may do.
    mutating func askServer(_ server: APIServer, token: String, access: KubeconfigAccess) {
        switch whoAmI(server, token: token) {
        case .failure(let error):
            report.couldNotCheck = report.problem == nil
            report.add(.identity, .failed, error.sentence, hint: server.hint(for: error))
        case .success(let response): checkAnswer(response)
        }
        guard report.steps.last?.status != .failed else {
            report.add(.permissions, .skipped, "nobody is signed in")
            return
        }
        checkPermissions(server, token: token, namespace: access.context.namespace ?? "default")
    }

    /// The answer of the newest version that the server supports.
    func whoAmI(_ server: APIServer, token: String?) -> Result<HTTPSResponse, HTTPSError> {
        Result { () throws(HTTPSError) in
            var last: HTTPSResponse?
            for version in SelfSubjectReview.versions {
                let response = try server.send(
                    .post, SelfSubjectReview.path(version), token: token, body: SelfSubjectReview.encode(version))
                last = response
                if response.status != 404 { break }
            }
            guard let last else { throw .malformed }
            return last
        }
    }

    private mutating func checkAnswer(_ response: HTTPSResponse) {
        switch response.status {
        case 200, 201:
            guard let user = try? SelfSubjectReview.user(in: response.body) else {
                report.couldNotCheck = report.problem == nil
                report.add(.identity, .failed, "the answer is no SelfSubjectReview", hint: "is this an API server?")
                return
            }
            report.user = user
            checkIdentity(user)
        case 401:
            report.add(.identity, .failed, "the API server refuses the token (401 Unauthorized)", hint: unauthorized)
        case 403:
            report.add(.identity, .warning, "signed in, but not allowed to ask as whom")
        case 404:
            report.add(.identity, .warning, "the API server is older than 1.26 and cannot say whom it sees")
        default:
            report.couldNotCheck = report.problem == nil
            report.add(.identity, .failed, "the API server answered with status \(response.status)", hint: "try again")
        }
    }

    private mutating func checkIdentity(_ user: KubernetesUser) {
        if user.username == "system:anonymous" {
            report.add(
                .identity, .failed, "the API server saw no token and takes you for anonymous",
                hint: "does a proxy in front of it remove the Authorization header?")
            return
        }
        let groups = user.groups.filter { $0 != "system:authenticated" }
        let detail = "\(user.username), in \(groups.count == 1 ? "1 group" : "\(groups.count) groups")"
        guard configuration != nil, let expected = report.inspection?.user, expected.username != user.username else {
            report.add(.identity, .passed, detail)
            return
        }
        report.add(
            .identity, .warning, detail + "; this configuration would have said \(expected.username)",
            hint: "the webhook of this API server runs with another configuration, or another authenticator answered")
    }

    /// What to do about a 401, as far as it can be known here.
    private var unauthorized: String {
        guard let inspection = report.inspection else { return Doctor.askOperator(nil) }
        // The refusal follows from the failed step, whose advice must not be contradicted.
        if let problem = report.steps.first(where: { $0.name == .token && $0.status == .failed }) {
            let isSameAdvice = inspection.reason != nil && problem.hint == inspection.hint
            let hint = problem.hint.map { isSameAdvice ? $0 : "see the token above first: \($0)" }
            return hint ?? inspection.reason?.hint ?? "see the token above first"
        }
        if configuration == nil, inspection.claims?.groups.hasOverage == true {
            return "the token lists no groups, since there are more than 200: unless the webhook's groupOverage is"
                + " resolve or ignore, that is why. " + Doctor.askOperator(inspection.tokenSHA256)
        }
        if configuration == nil {
            return "nothing is wrong with the token as far as can be seen here: pass the webhook's configuration with"
                + " --config. " + Doctor.askOperator(inspection.tokenSHA256)
        }
        if inspection.verdict == .unverified {
            return "the claims fit this configuration, and the signature was not checked: pass the tenant's keys with"
                + " --keys (`kube-entra keys fetch` saves them). " + Doctor.askOperator(inspection.tokenSHA256)
        }
        return "by this configuration the token is right: does the webhook run with it, and does kube-apiserver have"
            + " --authentication-token-webhook-config-file? `kube-entra review` tries it from the control plane"
    }

    /// Where the reason is logged, and what it means if it is not.
    private static func askOperator(_ tokenSHA256: String?) -> String {
        "The webhook's log has the reason\(tokenSHA256.map { " (tokenSHA256 \($0))" } ?? ""); without such a line"
            + " kube-apiserver did not reach the webhook or does not have it configured, and its own log says"
            + " \"Failed to make webhook authenticator request\", or \"invalid bearer token\" without a reason"
    }

    // MARK: Permissions

    private mutating func checkPermissions(_ server: APIServer, token: String, namespace: String) {
        let body = JSON.object([
            ("kind", "SelfSubjectRulesReview"), ("apiVersion", "authorization.k8s.io/v1"),
            ("spec", .object([("namespace", .string(namespace))])),
        ]).render()
        let path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
        let answer: JSONDocument
        do throws(HTTPSError) {
            let response = try server.send(.post, path, token: token, body: body)
            if response.status == 401, report.user == nil {
                report.add(.permissions, .failed, "the API server refuses the token", hint: unauthorized)
                return
            }
            guard let document = try? JSONDocument(parsing: try response.successBody(), maximumBytes: 4 << 20) else {
                throw HTTPSError.malformed
            }
            answer = document
        } catch {
            report.add(.permissions, .skipped, "the API server does not say: \(error.sentence)")
            return
        }
        let rules = SubjectRules(answer.root["status"])
        if rules.allowsEverything {
            report.add(.permissions, .passed, "may do everything in the namespace \(namespace)")
        } else if rules.count > 0 {
            report.add(
                .permissions, .passed,
                "\(rules.count == 1 ? "1 rule" : "\(rules.count) rules") in the namespace \(namespace)")
        } else if rules.isIncomplete {
            report.add(.permissions, .skipped, "an authorizer of this cluster does not list what it allows")
        } else {
            let groups = report.user?.groups.filter { !$0.hasPrefix("system:") } ?? []
            let adminGroups =
                configuration?.authentication.kubernetes.adminGroups ?? KubernetesPolicy().adminGroups
            if let admins = groups.first(where: { adminGroups.contains(ExactText($0)) }) {
                report.add(
                    .permissions, .failed, "an admin to the webhook, but allowed nothing in the namespace \(namespace)",
                    hint: "the admins' binding is missing: kubectl create clusterrolebinding kube-entra-cluster-admins"
                        + " --clusterrole=cluster-admin --group=\(KubectlCommand.quoted(admins))")
                return
            }
            let subject =
                groups.first.map { "--group=" + KubectlCommand.quoted($0) }
                ?? "--user=" + KubectlCommand.quoted(report.user?.username ?? "")
            report.add(
                .permissions, .failed, "signed in, but allowed nothing in the namespace \(namespace)",
                hint: "ask an administrator for a binding, for example: kubectl create rolebinding kube-entra-view"
                    + " --clusterrole=view --namespace=\(KubectlCommand.quoted(namespace)) \(subject); or choose another"
                    + " namespace")
        }
    }
}

/// The caller's own permissions, without those that everybody has.
struct SubjectRules {
    private(set) var count = 0
    private(set) var allowsEverything = false
    let isIncomplete: Bool

    init(_ status: JSONValue?) {
        isIncomplete = status?["incomplete"]?.bool ?? false
        guard let rules = status?["resourceRules"]?.array else { return }
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
