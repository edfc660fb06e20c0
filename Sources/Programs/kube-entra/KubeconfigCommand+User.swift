public import ArgumentParser
internal import Certificates
internal import Configuration
internal import CredentialPlugin
internal import Entra
internal import Glibc
internal import Jansson
public import Kubeconfigs
internal import OpenSSL
internal import SafeText
internal import Terminal
internal import Timestamps

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

        @Option(name: .long, help: ArgumentHelp("The API server's address.", valueName: "url"))
        var server: String

        @Option(
            name: .customLong("ca"),
            help: ArgumentHelp("The CA of the API server's certificate; default: the system's.", valueName: "file"),
            completion: .file())
        var authority: String?

        @Option(name: .long, help: ArgumentHelp("The webhook's configuration.", valueName: "file"), completion: .file())
        var config: String?

        @Option(name: .customLong("tenant-id"), help: ArgumentHelp("The tenant to sign in to.", valueName: "id"))
        var tenantID: String?

        @Option(
            name: .customLong("server-id"),
            help: ArgumentHelp("The server application's ID: the tokens' audience.", valueName: "id"))
        var serverID: String?

        @Option(
            name: .customLong("client-id"),
            help: ArgumentHelp(
                """
                The application that asks for the token. (default where a person signs in: the AKS client application, \
                \(User.clientApplication))
                """, valueName: "id"))
        var clientID: String?

        @Option(name: .long, help: "The tenant's cloud. (default: public)")
        var cloud: Cloud?

        @Option(
            name: .long,
            help:
                """
                How kubelogin signs in. (default: interactive on a desktop or where the configuration requires proof of \
                possession, else devicecode)
                """
        )
        var login: Login?

        @Option(name: .long, help: "exec runs kubelogin; azure is the form that kubectl understood before 1.26.")
        var format: Format = .exec

        @Flag(
            name: .long,
            help: "Run kubelogin through `kube-entra credential`, which says why the cluster would refuse a token.")
        var explain = false

        @Option(name: .long, help: ArgumentHelp("The name of cluster and context.", valueName: "name"))
        var name = "kube-entra"

        @OptionGroup var destination: Destination

        /// Conditional Access accepts browsers more often than device codes, but a browser needs a desktop.
        private static var defaultLogin: Login {
            func isSet(_ name: String) -> Bool { getenv(name).map { $0.pointee != 0 } ?? false }
            return isSet("DISPLAY") || isSet("WAYLAND_DISPLAY") ? .interactive : .devicecode
        }

        /// The application of AKS clusters and kubelogin, known in every tenant that uses AKS.
        static let clientApplication = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"

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
            let authority = try authority.map { path in
                "certificate-authority-data: "
                    + Base64.encode(try PEMFile.certificates(path).flatMap(\.pem))
            }
            let signIn = try signIn()
            let user = name + "-user"
            let quoted = KubeconfigText.quoted
            try destination.merge(
                """
                apiVersion: v1
                kind: Config
                clusters:
                - name: \(quoted(name))
                  cluster:
                    server: \(quoted(server))
                \(authority.map { "    \($0)\n" } ?? "")users:
                - name: \(quoted(user))
                  user:
                \(format == .exec ? try signIn.exec() : try signIn.authProvider())
                contexts:
                - name: \(quoted(name))
                  context:
                    cluster: \(quoted(name))
                    user: \(quoted(user))
                current-context: \(quoted(name))

                """)
        }

        /// The command line's values, completed by the configuration.
        private func signIn() throws -> SignIn {
            var signIn = SignIn(
                login: login ?? User.defaultLogin, tenantID: tenantID, serverID: serverID, clientID: clientID,
                environment: (cloud ?? .public).kubeloginEnvironment, authority: (cloud ?? .public).authority,
                hasChosenTenant: tenantID != nil)
            guard let config else { return signIn }
            let loaded = try ConfigurationLoader.load(path: config)
            if explain { signIn.hints = TokenHints(loaded, writtenAt: .now()).json.text() }
            let tenants = loaded.configuration.tenants.map(\.trust)
            let wanted = tenantID.flatMap { GUID($0) }
            let matching = tenants.filter { wanted == nil || $0.tenantID == wanted }
            guard let tenant = matching.first, matching.count == 1 else {
                throw CommandFailure(
                    matching.isEmpty
                        ? "\(config): there is no tenant \(tenantID ?? "")"
                        : "\(config): there are several tenants; choose one with --tenant-id")
            }
            signIn.tenantID = tenant.tenantID.description
            if tenant.proofOfPossession == .require {
                signIn.proofHost = tenant.clusterHost
                signIn.login = login ?? .interactive
            }
            let chosen = cloud ?? tenant.cloud
            signIn.environment = chosen.kubeloginEnvironment
            signIn.authority = chosen.authority
            // kubelogin requests tokens for an application ID; other audiences are for other clients.
            if serverID == nil {
                signIn.serverID = tenant.audiences.first { GUID($0) != nil } ?? tenant.audiences.first
            }
            if clientID == nil, !tenant.allowedClientAppIDs.isEmpty,
                !tenant.allowedClientAppIDs.contains(where: { $0.description == User.clientApplication })
            {
                signIn.clientID = tenant.allowedClientAppIDs.first?.description
            }
            return signIn
        }
    }
}

extension KubeloginMethod: ExpressibleByArgument {}
