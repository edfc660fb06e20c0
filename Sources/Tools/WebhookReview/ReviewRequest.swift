import Certificates
import Inspection
import Kubeconfigs
import OpenSSL
public import Terminal
public import TokenReviewAPI

/// What `review` is asked for: a webhook, and how to ask it.
public struct ReviewRequest: Sendable {
    /// The webhook's configuration; nil if `kubeconfig` is set.
    public var config: String?
    /// kube-apiserver's file for the webhook; nil if `config` is set.
    public var kubeconfig: String?
    /// Another address than the file's.
    public var server: String?
    /// A file with the CA of the webhook's certificate.
    public var authority: String?
    /// A file with the client certificate.
    public var certificate: String?
    /// A file with the client certificate's key.
    public var key: String?
    /// Time for the whole answer, in seconds.
    public var timeout: Int

    public init(
        config: String?, kubeconfig: String?, server: String?, authority: String?, certificate: String?, key: String?,
        timeout: Int
    ) {
        self.config = config
        self.kubeconfig = kubeconfig
        self.server = server
        self.authority = authority
        self.certificate = certificate
        self.key = key
        self.timeout = timeout
    }

    /// - Throws: ``UsageProblem`` if an option has another form, or does not go with another one.
    public func check() throws(UsageProblem) {
        guard (config == nil) != (kubeconfig == nil) else { throw UsageProblem("give either --config or --kubeconfig") }
        if let server {
            try KubeconfigArgument.checkServer(server, example: WebhookKubeconfig.Purpose.authentication.usualServer)
        }
        guard (certificate == nil) == (key == nil) else {
            throw UsageProblem("--certificate and --key belong together")
        }
        guard (1...3600).contains(timeout) else { throw UsageProblem("--timeout must be from 1 to 3600 seconds") }
    }

    /// The webhook, as the options say.
    ///
    /// - Throws: `CommandFailure` or `ConfigurationError` if a file cannot be used.
    public func target() throws -> ReviewTarget {
        var target =
            if let kubeconfig { try ReviewTarget(kubeconfig: kubeconfig) } else {
                try ReviewTarget(configuration: config ?? "")
            }
        if let server { try target.move(to: server) }
        if let authority { target.trust = .pem(try PEMFile.certificates(authority).flatMap(\.pem)) }
        if let certificate, let key {
            target.certificate = try PEMFile.read(certificate)
            target.key = try PEMFile.read(key)
        }
        return target
    }

    /// Sends the review and waits for the answer.
    ///
    /// - Parameters:
    ///   - token: reads the token, by itself or as people paste it. An empty one is refused as a mistake.
    ///   - note: receives each line for people, before the review is sent.
    /// - Throws: `CommandFailure` if there is no token that kube-apiserver would send.
    public func run(
        token: () throws -> [UInt8], audiences: [String], version: TokenReviewVersion, note: (String) -> Void
    ) throws -> ReviewResult {
        let target = try target()
        let (token, remark) = TokenInput.asSent(try token())
        if let remark { note("note: " + remark) }
        guard !token.isEmpty else {
            throw CommandFailure("there is nothing here", hint: ReviewRequest.tokenHint)
        }
        guard let text = String(validating: token, as: UTF8.self) else {
            throw CommandFailure("this is not text, so kube-apiserver would never send it")
        }
        for text in target.notes { note("note: " + text) }
        return try target.review(token: text, audiences: audiences, version: version, timeout: .seconds(timeout))
    }

    /// What to do without a token.
    public static let tokenHint = "pipe a token in: kubelogin get-token … | kube-entra review …"
}
