internal import ArgumentParser
internal import Certificates
internal import Glibc
internal import Inspection
internal import Kubeconfigs
internal import OpenSSL
internal import Terminal
internal import TokenReviewAPI
internal import WebhookReview

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

    func validate() throws {
        guard [config, kubeconfig].compactMap({ $0 }).count == 1 else {
            throw ValidationError("give --config or --kubeconfig")
        }
        if let server, !KubeconfigText.isHTTPS(server) {
            throw ValidationError("--server must be an address such as https://127.0.0.1:8443/authenticate")
        }
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--certificate and --key belong together")
        }
        guard (1...3600).contains(timeout) else { throw ValidationError("--timeout must be from 1 to 3600 seconds") }
    }

    /// The token. An empty one is rejected here, because it is a mistake and not worth a review.
    private func read() throws -> TokenInput {
        let next = "pipe a token in: kubelogin get-token … | kube-entra review …"
        guard token.isGiven || isatty(STDIN_FILENO) == 0 else {
            throw CommandFailure("there is no token", hint: next)
        }
        let input = TokenInput(try token.read())
        guard !input.token.isEmpty else { throw CommandFailure("there is nothing here", hint: next) }
        return input
    }

    func run() throws {
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
        let input = try read()
        guard let text = String(validating: input.token, as: UTF8.self) else {
            throw CommandFailure("this is not text, so kube-apiserver would never send it")
        }
        for note in target.notes { Console.note("note: " + note) }

        let result = try target.review(
            token: text, audiences: audience, version: version.review, timeout: .seconds(timeout))
        switch output {
        case .json: Console.print(result.json)
        case .text: Console.print(result.text(color: Console.wantsColor))
        }
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
