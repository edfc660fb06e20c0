import ArgumentParser
import CommandInput
import Glibc
import Terminal
import TokenReviewAPI
import WebhookReview

/// `kube-entra review`: sends one TokenReview as kube-apiserver does.
struct ReviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Sends one TokenReview to a running webhook and prints the answer.",
        discussion: """
            --kubeconfig takes the file of --authentication-token-webhook-config-file and so tries what kube-apiserver \
            uses; --config finds the webhook by its own configuration, and the client certificate that `certs create` \
            left beside the server's. Pass the token on standard input or with --token-file:

              kubelogin get-token … | kube-entra review --kubeconfig webhook.yaml

            Exit status: 0 accepted; 1 refused; 2 there is no answer that kube-apiserver could use.
            """)

    @OptionGroup var token: TokenArguments
    @Option(help: .config, completion: .file()) var config: String?

    @Option(help: .init("kube-apiserver's file for the webhook.", valueName: "file"), completion: .file())
    var kubeconfig: String?

    @Option(help: .init("Another address than the file's.", valueName: "url")) var server: String?

    @Option(
        name: .customLong("ca"), help: .init("The CA of the webhook's certificate.", valueName: "file"),
        completion: .file())
    var authority: String?

    @Option(help: .init("The client certificate.", valueName: "file"), completion: .file()) var certificate: String?
    @Option(help: .init("The client certificate's key.", valueName: "file"), completion: .file()) var key: String?

    @Option(
        name: .customLong("webhook-version"),
        help: .init("As --authentication-token-webhook-version.", valueName: "version"))
    var version: WebhookVersion = .v1

    @Option(help: .init("What kube-apiserver asks for; repeatable.", valueName: "audience"))
    var audience: [String] = ["https://kubernetes.default.svc"]

    @Option(help: .init("How long to wait for the whole answer.", valueName: "seconds")) var timeout: Int = 30
    @Option(help: .output) var output: OutputFormat = .text

    private var request: ReviewRequest {
        ReviewRequest(
            config: config, kubeconfig: kubeconfig, server: server, authority: authority, certificate: certificate,
            key: key, timeout: timeout)
    }

    func validate() throws { try checked { try request.check() } }

    func run() throws {
        let result = try request.run(
            token: {
                guard token.source.isGiven || isatty(STDIN_FILENO) == 0 else {
                    throw CommandFailure("there is no token", hint: ReviewRequest.tokenHint)
                }
                return try token.source.read()
            }, audiences: audience, version: version.review, note: Console.note)
        Console.print(as: output, text: result.text(color: Console.wantsColor), json: result.json)
        switch result.verdict {
        case .accepted: break
        case .refused: throw ExitCode.no
        case .unusable: throw ExitCode.cannot
        }
    }
}

/// The versions, as named by kube-apiserver's flag.
enum WebhookVersion: String, ExpressibleByArgument, CaseIterable {
    case v1, v1beta1

    var review: TokenReviewVersion { self == .v1 ? .v1 : .v1beta1 }
}
