public import Entra
public import Terminal

/// The options of `kubeconfig user`, as a command line has them.
public struct UserKubeconfigOptions: Sendable {
    /// The form of the user entry; the raw value is that of `--format`.
    public enum Form: String, CaseIterable, Sendable {
        /// kubectl runs kubelogin.
        case exec
        /// What kubectl understood before 1.26, and `kubelogin convert-kubeconfig` converts.
        case azure
    }

    /// The API server's address.
    public var server: String
    /// The name of cluster and context.
    public var name: String
    /// The tenant to sign in to.
    public var tenantID: String?
    /// The server application: the tokens' audience.
    public var serverID: String?
    /// The application that asks for the token.
    public var clientID: String?
    /// The tenant's cloud.
    public var cloud: Cloud?
    /// How kubelogin signs in; nil for the method of the replaced entry, else one that fits this machine.
    public var login: KubeloginMethod?
    /// The form of the user entry.
    public var form = Form.exec
    /// The path of the webhook's configuration, from which missing values come.
    public var config: String?
    /// Whether `kube-entra credential` runs kubelogin.
    public var isExplained = false
    /// How the entry that is replaced signs in; nil if none is. Options that are left out keep its values.
    public var replaced: ReplacedSignIn?

    /// Options with only what every user's kubeconfig needs.
    public init(server: String, name: String = "kube-entra") {
        self.server = server
        self.name = name
    }

    /// - Throws: ``UsageProblem`` if a value has another form, a value is missing, or two options exclude each other.
    public func check() throws(UsageProblem) {
        try KubeconfigArgument.checkServer(server, example: "https://cluster.example:6443")
        try KubeconfigArgument.checkPrintable(name, option: "--name")
        for (option, value) in [("--tenant-id", tenantID), ("--client-id", clientID)] {
            guard value.map({ GUID($0) != nil }) ?? true else {
                throw UsageProblem("\(option) must be an ID such as 11111111-2222-3333-4444-555555555555")
            }
        }
        try KubeconfigArgument.checkPrintable(serverID, option: "--server-id")
        if let problem = serverID.flatMap({ AudienceProblem($0) }) {
            throw UsageProblem(problem.sentence(option: "--server-id"))
        }
        guard config != nil || serverID != nil else {
            throw UsageProblem("--server-id is missing (or --config, to take it from the configuration)")
        }
        guard !isExplained || config != nil else {
            throw UsageProblem("--explain needs --config, from which it takes what a client may know")
        }
        guard form == .exec || !isExplained else {
            throw UsageProblem("--explain goes with --format exec: the azure form runs no command")
        }
        guard form == .exec || login == nil else {
            throw UsageProblem(
                "--login goes with --format exec; `kubelogin convert-kubeconfig` chooses it for the azure form")
        }
    }
}
