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
            guard let user = report.user(in: response.body) else {
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
        if configuration != nil, let reason = report.inspection?.reason, reason != .tokenExpired,
            reason != .tokenNotYetValid
        {
            // Times are left out: the API server remembers a token for two minutes, and a clock may be wrong.
            let contradiction =
                "the API server accepts this token, so this configuration is not its webhook's, or another authenticator"
                + " answered"
            report.contradiction = contradiction
            report.add(.identity, .warning, detail, hint: contradiction)
            return
        }
        guard configuration != nil, let expected = report.inspection?.user, expected.username != user.username else {
            report.add(.identity, .passed, detail)
            return
        }
        report.add(
            .identity, .warning, detail + "; this configuration would have said \(expected.username)",
            hint: "the webhook of this API server runs with another configuration, or another authenticator answered")
    }

    /// What to do about a 401, as far as it can be known here.
    var unauthorized: String {
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
        // The token does not show what the webhook's watch knows.
        if let problem = report.steps.first(where: { $0.name == .directory && $0.status == .failed }) {
            return problem.hint ?? "see the directory above first"
        }
        if refusesInSilence {
            return "Microsoft Graph did not answer about the account, and with directory.whenSilent: refuse the webhook"
                + " refuses it until it has an answer: its log and /statusz say whether it has one"
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
}
