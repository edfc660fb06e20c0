import ArgumentParser
import Certificates
import Entra
import Kubeconfigs
import Registration

/// `kube-entra register`: prints the script that registers the needed applications in Entra.
struct RegisterCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Prints the script that registers in Entra what a cluster needs.",
        discussion: """
            The server application that tokens are for, the client application that people sign in with, and the \
            group of the admins, with the claims, scopes and permissions that deploy/entra of the project describes. \
            Nothing is sent anywhere: read the script, then run it where you are signed in to Entra. It can be run \
            again in the same folder, and it ends with the `kube-entra enable` that takes its values. What somebody \
            else made under the same names stops it, unless `bash register.sh --adopt ID` names it.

              kube-entra register --format az --add-me | bash
              kube-entra register --format az --add-me --out register.sh
              kube-entra register --format terraform --out entra.tf
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case az, terraform
    }

    @Option(help: "For the Azure CLI (a bash script) or for Terraform.") var format: Format

    @Option(help: .init("The server application's name; the others' begin with it.", valueName: "name"))
    var name = "kubernetes"

    @Option(help: .init("The name of the admins' group. (default: <name>-admins)", valueName: "name"))
    var groupName: String?

    @Option(help: .cloud) var cloud: Cloud = .public

    @Option(
        name: .customLong("with-app-role"),
        help: .init(
            "An app role, such as Cluster.Viewer, for people, groups and applications. Repeatable.", valueName: "value")
    )
    var appRoles: [String] = []

    @Flag(name: .customLong("with-app-roles"), help: "The app roles Cluster.Admin and Cluster.Viewer.")
    var usualAppRoles = false

    @Flag(help: "An application that may ask Microsoft Graph, for people in more than 200 groups.")
    var withDirectory = false

    @Flag(help: "Let the Azure CLI ask for tokens: kubelogin --login azurecli.") var withAzureCLI = false

    @Flag(help: "Only groups assigned to the application come into tokens. Needs Entra ID P1.")
    var assignedGroups = false

    @Flag(help: "Whoever runs the script becomes a member of the group.") var addMe = false

    @Option(
        name: .customLong("pop"),
        help: .init("For proof of possession: the host that people call the cluster by.", valueName: "host"))
    var clusterHost: String?

    @Option(
        help: .init(
            "The API server's address, for the kubeconfig command that the script prints.", valueName: "url"))
    var server: String?

    @Option(help: "How kubelogin signs people in, for the same command.") var login: KubeloginMethod = .interactive

    @OptionGroup var destination: OutputArguments

    func validate() throws {
        for name in [name, groupName].compactMap({ $0 }) where !Registration.isName(name) {
            throw ValidationError("a name is 1 to 100 letters, digits, spaces, and . _ -, and begins with no -")
        }
        if let server {
            try checked {
                try KubeconfigArgument.checkServer(server, example: Registration.exampleServer)
            }
            guard Registration.isAddress(server) else {
                throw ValidationError("--server must be an address without characters that a shell could act on")
            }
        }
        for role in appRoles where !Registration.isRoleValue(role) {
            throw ValidationError("--with-app-role must be letters, digits, and . _ - : / without spaces")
        }
        if let clusterHost, CertificateHost(clusterHost) == nil {
            throw ValidationError("--pop must be a bare host name, without a scheme or a port")
        }
    }

    func run() throws {
        var seen: Set<String> = []
        let roles = ((usualAppRoles ? Registration.usualAppRoles : []) + appRoles).filter {
            seen.insert($0).inserted
        }
        let registration = Registration(
            name: name, groupName: groupName, cloud: cloud, appRoles: roles, withDirectory: withDirectory,
            withAzureCLI: withAzureCLI, onlyAssignedGroups: assignedGroups, addsCaller: addMe, clusterHost: clusterHost,
            server: server, login: login.rawValue)
        let text = format == .az ? registration.azureCLIScript : registration.terraformConfiguration
        try destination.write(text, mode: format == .az ? 0o755 : 0o644)
    }
}
