public import AccessPolicy
import Entra
import EntraTokens
import Glibc
import HTTPSClient
import Inspection
public import Jansson
import Kubeconfigs
import SafeText
public import Terminal
import TokenReviewAPI

/// Who the caller is for the API server, compared with the token.
public struct CallerComparison {
    /// The caller according to the API server; nil if it refuses the caller.
    public let apiServer: KubernetesUser?
    /// Nil if the kubeconfig's user has no token.
    let token: InspectionReport?

    /// Whether both are the same principal: the API server's `uid` or `oid` is the token's object ID.
    public var isSame: Bool {
        guard let apiServer, let objectID = token?.claims?.objectID.flatMap({ GUID($0) }) else { return false }
        return ([apiServer.uid] + (apiServer.extra.first { $0.name == "oid" }?.values ?? [])).contains {
            GUID($0) == objectID
        }
    }

    /// The contract's object of `kubectl entra whoami`.
    public var json: JSON {
        .object([
            ("apiServer", apiServer?.json ?? .null), ("token", token.map(\.tokenSubject) ?? .null),
            ("same", .bool(isSame)),
        ])
    }

    /// The lines of `kubectl entra whoami`.
    public func text(on page: TerminalWriter) -> String {
        var lines: [String] = []
        lines.append(page.rule("API server"))
        if let apiServer {
            lines += page.pair("user", PrintableText.clean(apiServer.username))
            lines += page.pair("uid", PrintableText.clean(apiServer.uid))
            for (index, group) in apiServer.groups.enumerated() {
                lines += page.pair(index == 0 ? "groups" : "", PrintableText.clean(group))
            }
        } else {
            lines += page.pair("user", "none: it refuses the caller (401 Unauthorized)")
        }
        lines.append(page.rule("token"))
        if let token {
            lines += page.pair("object ID", PrintableText.clean(token.claims?.objectID ?? "none"))
            lines += page.pair("kind", token.kind.rawValue)
            lines += page.pair("tenant", PrintableText.clean(token.claims?.tenantID ?? "none"))
            lines += page.pair("in the log", "tokenSHA256 \(token.tokenSHA256)")
        } else {
            lines += page.pair("object ID", "none: the kubeconfig's user has no token")
        }
        lines.append("")
        let conclusion =
            isSame
            ? "Both are the same."
            : token == nil ? "There is no token to compare with." : "They are not the same."
        lines += page.wrapped(conclusion, style: isSame ? .good : token == nil ? .doubtful : .bad)
        if lines.first?.isEmpty ?? false { lines.removeFirst() }
        return lines.joined(separator: "\n")
    }

    /// What to do if the API server refuses the caller; nil if it does not.
    public var hint: String? { apiServer == nil ? "kubectl entra why" : nil }
}

extension Doctor {
    /// Signs in as kubectl does, and asks the API server who the caller is. Nil if there is no answer; the report then
    /// explains it.
    ///
    /// - Throws: `CommandFailure` if a file that the kubeconfig names cannot be used.
    public mutating func compareCaller() throws -> CallerComparison? {
        guard let access = readKubeconfig(), let server = reachServer(access) else { return nil }
        let token = try signIn(access)
        // Without a token, a client certificate may still identify the caller.
        guard token != nil || access.user.clientCertificate != nil else { return nil }
        report.secret = token.map { SecretFilter($0.text) }
        let inspection = token.map {
            InspectionReport(TokenInput(Array($0.text.utf8)), settings: nil, keys: nil, now: serverTime)
        }
        switch whoAmI(server, token: token?.text) {
        case .failure(let error):
            report.add(.identity, .failed, error.sentence, hint: server.hint(for: error))
            return nil
        case .success(let response) where response.status == 401:
            return CallerComparison(apiServer: nil, token: inspection)
        case .success(let response):
            guard [200, 201].contains(response.status), let user = report.user(in: response.body) else {
                report.add(
                    .identity, .failed, "the API server does not say whom it sees (status \(response.status))",
                    hint: "Kubernetes 1.28 and later do")
                return nil
            }
            return CallerComparison(apiServer: user, token: inspection)
        }
    }
}

extension CallerComparison {
    /// Asks the API server of a kubeconfig for its view, and compares it with the token.
    ///
    /// - Parameters:
    ///   - kubeconfig: nil for `KUBECONFIG`, else the one in the home folder.
    ///   - context: nil for the current one.
    /// - Throws: `CommandFailure` if nothing could be found out.
    public static func find(kubeconfig: String?, context: String?) throws -> CallerComparison {
        var doctor = Doctor(
            SignInAttempt(
                kubeconfig: kubeconfig, contextName: context, hasTerminal: isatty(STDIN_FILENO) == 1))
        if let comparison = try doctor.compareCaller() { return comparison }
        let problem = doctor.report.problem
        throw CommandFailure(
            problem?.detail ?? "the kubeconfig's user has neither a token nor a certificate", hint: problem?.hint)
    }

    /// The `kubectl auth can-i --list` line for what the API server says of the caller.
    ///
    /// - Throws: `CommandFailure` if it refuses the caller (status 1), or a name cannot stand on one line.
    public func canIListLine() throws(CommandFailure) -> String {
        guard let user = apiServer else {
            throw CommandFailure(
                "the API server refuses the caller (401 Unauthorized)", hint: hint, status: .no)
        }
        guard let line = KubectlCommand.canI(username: user.username, groups: user.groups) else {
            throw CommandFailure("the user's name or a group cannot stand on one line")
        }
        return line
    }
}
