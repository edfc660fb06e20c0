import ArgumentParser
import Certificates
import CredentialPlugin
import Entra
import Glibc
import Kubeconfigs
import OpenSSL
import Terminal
import Timestamps

extension KubeconfigCommand {
    struct User: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "user",
            abstract: "Writes a kubeconfig with which a person or an application signs in through kubelogin.",
            discussion: """
                The file holds no secret. --config takes tenant, cloud and server application from the webhook's \
                configuration. Secrets of applications come from kubelogin's environment variables.

                  kube-entra kubeconfig user --server https://cluster.example:6443 \\
                    --ca ca.crt --config kube-entra.yaml --login interactive \\
                    --client-id bbbbbbbb-1111-0000-0000-000000000000 --out kubeconfig.yaml

                --client-id is the client application that `kube-entra register` made. With --out of a kubeconfig \
                that is there, such as ~/.kube/config, the context is added to it and becomes the current one; \
                --force replaces a context of the same name, and no other. What --client-id and --login leave open \
                then stays as it was, unless allowedClientAppIDs does not list that client. The file is replaced as a \
                whole: a symbolic link is followed, and another name of it (a hard link) keeps the old content.
                """)

        @Option(help: .init("The API server's address.", valueName: "url")) var server: String

        @Option(
            name: .customLong("ca"),
            help: .init("The CA of the API server's certificate; default: the system's.", valueName: "file"),
            completion: .file())
        var authority: String?

        @Option(help: .config, completion: .file()) var config: String?
        @Option(help: .init("The tenant to sign in to.", valueName: "id")) var tenantID: String?

        @Option(help: .init("The server application's ID: the tokens' audience.", valueName: "id"))
        var serverID: String?

        @Option(
            name: .customLong("client-id"),
            help: ArgumentHelp(
                """
                The application that asks for the token. (default where a person signs in: the AKS client application, \
                \(KubeloginSignIn.clientApplication))
                """, valueName: "id"))
        var clientID: String?

        @Option(help: "The tenant's cloud. (default: public)") var cloud: Cloud?

        @Option(
            name: .long,
            help:
                """
                How kubelogin signs in. (default: interactive on a desktop or where the configuration requires proof of \
                possession, else devicecode)
                """
        )
        var login: KubeloginMethod?

        @Option(help: "exec runs kubelogin; azure is the form that kubectl understood before 1.26.")
        var format: UserKubeconfigOptions.Form = .exec

        @Flag(help: "Run kubelogin through `kube-entra credential`, which says why the cluster would refuse a token.")
        var explain = false

        @Option(help: .init("The name of cluster and context.", valueName: "name")) var name = "kube-entra"

        @Option(
            help: .init(
                "Where to write, or the kubeconfig to add the context to; standard output without it, or for -.",
                valueName: "file"),
            completion: .file())
        var out: String?

        @Flag(help: "Replace a context of the same name in the kubeconfig that --out names.") var force = false

        private var options: UserKubeconfigOptions {
            var options = UserKubeconfigOptions(server: server, name: name)
            options.tenantID = tenantID
            options.serverID = serverID
            options.clientID = clientID
            options.cloud = cloud
            options.login = login
            options.form = format
            options.config = config
            options.isExplained = explain
            return options
        }

        private static var hasDesktop: Bool {
            func isSet(_ name: String) -> Bool { getenv(name).map { $0.pointee != 0 } ?? false }
            return isSet("DISPLAY") || isSet("WAYLAND_DISPLAY")
        }

        func validate() throws {
            guard out?.isEmpty != true else { throw ValidationError("--out must name a file") }
            try checked(options.check)
        }

        func run() throws {
            let certificates = try authority.map { try PEMFile.certificates($0) }
            var options = self.options
            if force, let out, CommandFile.stream(out) == nil {
                options.replaced = ReplacedSignIn(ofUser: UserKubeconfig.userName(name), in: out)
            }
            var kubeconfig = try options.kubeconfig(
                authority: certificates?.flatMap(\.pem), hasDesktop: User.hasDesktop, now: .now())
            if let authority, let certificates {
                WebhookCertificates.authorityWarning(authority, certificates, of: "kubectl").map {
                    kubeconfig.warnings.append($0)
                }
            }
            try kubeconfig.write(to: out, replacing: force)
        }
    }
}
