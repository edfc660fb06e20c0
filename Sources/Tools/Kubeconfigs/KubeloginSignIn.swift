import Terminal
import YAML

/// What kubelogin needs, depending on the login method.
public struct KubeloginSignIn: Sendable {
    /// The client application of AKS clusters and kubelogin; known in every tenant that uses AKS.
    public static let clientApplication = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"

    /// The address of kubelogin's documentation, which says how to install it.
    public static let address = "https://azure.github.io/kubelogin/"

    /// What to do if kubelogin is missing.
    public static let installHint = "install it: \(address)"

    /// How kubelogin signs in.
    public var login: KubeloginMethod
    /// The tenant to sign in to.
    public var tenantID: String?
    /// The server application: the tokens' audience.
    public var serverID: String?
    /// The application that asks for the token.
    public var clientID: String?
    /// The client of the user entry that is replaced; it is used if ``clientID`` is nil and the tenant allows it.
    public var replacedClientID: String?
    /// kubelogin's name of the cloud.
    public var environment: String
    /// The cloud's sign-in address, without a trailing slash.
    public var authority: String
    /// Whether the user named the tenant, rather than the configuration.
    public var hasChosenTenant: Bool
    /// The host for required proofs of possession; nil for bearer tokens.
    public var proofHost: String?
    /// The hints of `kube-entra credential` as JSON; nil if kubectl runs kubelogin directly.
    public var hints: String?

    /// A sign-in from the command line's values.
    public init(
        login: KubeloginMethod, tenantID: String?, serverID: String?, clientID: String?, environment: String,
        authority: String
    ) {
        self.login = login
        self.tenantID = tenantID
        self.serverID = serverID
        self.clientID = clientID
        self.environment = environment
        self.authority = authority
        hasChosenTenant = tenantID != nil
    }

    /// kubelogin's arguments, which differ between login methods.
    ///
    /// - Throws: `CommandFailure` if the method needs a value that is missing.
    public func arguments() throws -> [String] {
        if proofHost != nil, !login.makesProofs {
            throw CommandFailure(
                "the configuration requires proof of possession, which kubelogin gives with --login interactive, spn "
                    + "or ropc only", status: .usage)
        }
        var arguments = [
            "get-token", "--login", login.rawValue, "--server-id", try required(serverID, "--server-id"),
        ]
        switch login {
        case .devicecode, .interactive, .ropc:
            arguments += ["--client-id", clientID ?? KubeloginSignIn.clientApplication]
            arguments += ["--tenant-id", try required(tenantID, "--tenant-id"), "--environment", environment]
        case .spn:
            // Otherwise kubelogin reads the application from AAD_SERVICE_PRINCIPAL_CLIENT_ID or AZURE_CLIENT_ID.
            if let clientID { arguments += ["--client-id", clientID] }
            arguments += ["--tenant-id", try required(tenantID, "--tenant-id"), "--environment", environment]
        case .azurepipelines:
            arguments += ["--client-id", try required(clientID, "--client-id")]
            arguments += ["--tenant-id", try required(tenantID, "--tenant-id")]
        case .workloadidentity:
            if let clientID { arguments += ["--client-id", clientID] }
            if let tenantID { arguments += ["--tenant-id", tenantID] }
            if environment != "AzurePublicCloud" { arguments += ["--authority-host", authority + "/"] }
        case .msi:
            if let clientID { arguments += ["--client-id", clientID] }
        case .azurecli, .azd:
            // An Azure CLI that is signed in with a managed identity rejects a tenant.
            if hasChosenTenant, let tenantID { arguments += ["--tenant-id", tenantID] }
        }
        if let proofHost { arguments += ["--pop-enabled", "--pop-claims", "u=\(proofHost)"] }
        return arguments
    }

    /// The user entry of a kubeconfig that runs kubelogin.
    ///
    /// - Throws: `CommandFailure` if the method needs a value that is missing.
    public func exec() throws -> String {
        var words = try ["kubelogin"] + arguments()
        // Without --strict: a client with a wrong idea of the cluster must not lock anybody out.
        if let hints { words = ["kube-entra", "credential", "--hints", hints, "--"] + words }
        let list = words.dropFirst().map { "      - \(YAMLText.quoted($0))" }.joined(separator: "\n")
        let mode = login.signsInPeople ? "IfAvailable" : "Never"
        return """
                exec:
                  apiVersion: client.authentication.k8s.io/v1beta1
                  command: \(words[0])
                  args:
            \(list)
                  interactiveMode: \(mode)
                  provideClusterInfo: false
                  installHint: \(YAMLText.quoted(installHint))
            """
    }

    private var installHint: String {
        hints == nil
            ? "kubelogin is needed to sign in to this cluster: \(KubeloginSignIn.address)"
            : "kube-entra and kubelogin are needed to sign in to this cluster: \(KubeloginSignIn.address); "
                + "without kube-entra, make kubelogin the command and drop the arguments up to --"
    }

    /// The user entry in the form of kubectl before 1.26, which kubelogin converts.
    ///
    /// - Throws: `CommandFailure` if a value is missing, or proof of possession is required.
    public func authProvider() throws -> String {
        if proofHost != nil {
            throw CommandFailure(
                "the configuration requires proof of possession, which needs --format exec", status: .usage)
        }
        let quoted = YAMLText.quoted
        return """
                auth-provider:
                  name: azure
                  config:
                    apiserver-id: \(quoted(try required(serverID, "--server-id")))
                    client-id: \(quoted(clientID ?? KubeloginSignIn.clientApplication))
                    tenant-id: \(quoted(try required(tenantID, "--tenant-id")))
                    environment: \(environment)
                    config-mode: "1"
            """
    }

    private func required(_ value: String?, _ option: String) throws -> String {
        guard let value else { throw CommandFailure("\(option) is missing", status: .usage) }
        return value
    }
}
