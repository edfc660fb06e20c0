import ArgumentParser
import Certificates
import Configuration
import CredentialPlugin
import Entra
import Glibc
import Jansson
import Kubeconfigs
import OpenSSL
import Terminal
import Timestamps

extension KubeconfigCommand {
    typealias Login = KubeloginMethod

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case exec, azure
    }

    struct User: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "user",
            abstract: "Writes a kubeconfig with which a person or an application signs in through kubelogin.",
            discussion: """
                The file holds no secret. --config takes tenant, cloud and server application from the webhook's \
                configuration. Secrets of applications come from kubelogin's environment variables.

                  kube-entra kubeconfig user --server https://cluster.example:6443 \\
                    --ca ca.crt --config kube-entra.yaml --out kubeconfig.yaml

                With --out of a kubeconfig that is there, such as ~/.kube/config, the context is added to it and \
                becomes the current one; --force replaces a context of the same name, and no other.
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
        var login: Login?

        @Option(help: "exec runs kubelogin; azure is the form that kubectl understood before 1.26.")
        var format: Format = .exec

        @Flag(help: "Run kubelogin through `kube-entra credential`, which says why the cluster would refuse a token.")
        var explain = false

        @Option(help: .init("The name of cluster and context.", valueName: "name")) var name = "kube-entra"

        @Option(
            help: .init(
                "Where to write, or the kubeconfig to add the context to; standard output without it.",
                valueName: "file"),
            completion: .file())
        var out: String?

        @Flag(help: "Replace a context of the same name in the kubeconfig that --out names.") var force = false

        /// Conditional Access accepts browsers more often than device codes, but a browser needs a desktop.
        private static var defaultLogin: Login {
            func isSet(_ name: String) -> Bool { getenv(name).map { $0.pointee != 0 } ?? false }
            return isSet("DISPLAY") || isSet("WAYLAND_DISPLAY") ? .interactive : .devicecode
        }

        func validate() throws {
            guard KubeconfigText.isHTTPS(server) else {
                throw ValidationError("--server must be an address such as https://cluster.example:6443")
            }
            guard KubeconfigText.isPrintable(name) else {
                throw ValidationError("--name is empty or has characters that a kubeconfig cannot hold")
            }
            for (option, value) in [("--tenant-id", tenantID), ("--client-id", clientID)] {
                guard value.map({ GUID($0) != nil }) ?? true else {
                    throw ValidationError("\(option) must be an ID such as 11111111-2222-3333-4444-555555555555")
                }
            }
            guard serverID.map(KubeconfigText.isPrintable) ?? true else {
                throw ValidationError("--server-id is empty or has characters that a kubeconfig cannot hold")
            }
            guard config != nil || serverID != nil else {
                throw ValidationError("--server-id is missing (or --config, to take it from the configuration)")
            }
            guard !explain || config != nil else {
                throw ValidationError("--explain needs --config, from which it takes what a client may know")
            }
            guard format == .exec || !explain else {
                throw ValidationError("--explain goes with --format exec: the azure form runs no command")
            }
            guard format == .exec || login == nil else {
                throw ValidationError(
                    "--login goes with --format exec; `kubelogin convert-kubeconfig` chooses it for the azure form")
            }
        }

        func run() throws {
            let authority = try authority.map { try PEMFile.certificates($0).flatMap(\.pem) }
            let signIn = try signIn()
            let text = UserKubeconfig(
                name: name, server: server, authority: authority,
                user: format == .exec ? try signIn.exec() : try signIn.authProvider()
            ).text
            if let out, try KubeconfigMerge.merge(text, intoFile: out, replacing: force) {
                Console.note("added the context to \(out)")
            } else {
                try Console.write(Array(text.utf8), to: out, mode: 0o600, replacing: force)
            }
        }

        /// The command line's values; missing ones come from the configuration.
        private func signIn() throws -> KubeloginSignIn {
            var signIn = KubeloginSignIn(
                login: login ?? User.defaultLogin, tenantID: tenantID, serverID: serverID, clientID: clientID,
                environment: (cloud ?? .public).kubeloginEnvironment, authority: (cloud ?? .public).authority)
            guard let config else { return signIn }
            let loaded = try ConfigurationLoader.load(path: config)
            if explain { signIn.hints = TokenHints(loaded, writtenAt: .now()).json.text() }
            try signIn.complete(from: loaded.configuration, of: config, cloud: cloud, choosesLogin: login == nil)
            return signIn
        }
    }
}
