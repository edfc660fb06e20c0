public import Entra
import OpenSSL

/// What a cluster needs in Microsoft Entra: the server application for which tokens are issued, the client application
/// with which people sign in, and the admins' group. On request also app roles and the application that calls Microsoft
/// Graph.
///
/// The scripts for the Azure CLI and Terraform are generated from these values. A test compares
/// `deploy/entra/README.md` with ``Setting``.
public struct Registration: Sendable {
    /// The server application's name; the names of the others start with it.
    public var name: String
    /// The name of the admins' group.
    public var groupName: String
    /// The tenant's national cloud.
    public var cloud: Cloud
    /// Values of app roles for people, groups and applications.
    public var appRoles: [String]
    /// An application that may read memberships, for `groupOverage: resolve`.
    public var withDirectory: Bool
    /// Lets the Azure CLI request tokens too, for `kubelogin --login azurecli`.
    public var withAzureCLI: Bool
    /// Only groups assigned to the application are in its tokens.
    public var onlyAssignedGroups: Bool
    /// Adds the person who runs the script to the group.
    public var addsCaller: Bool
    /// The host of proof-of-possession tokens; nil for none.
    public var clusterHost: String?

    /// The API server's address, for people's kubeconfig; nil if it is not known.
    public var server: String?
    /// How kubelogin signs people in. Chosen here, because `kubeconfig user` runs on a node, which has no desktop.
    public var login: String

    /// A registration with usual values.
    public init(
        name: String = "kubernetes", groupName: String? = nil, cloud: Cloud = .public, appRoles: [String] = [],
        withDirectory: Bool = false, withAzureCLI: Bool = false, onlyAssignedGroups: Bool = false,
        addsCaller: Bool = false, clusterHost: String? = nil, server: String? = nil, login: String = "interactive"
    ) {
        self.name = name
        self.groupName = groupName ?? name + "-admins"
        self.cloud = cloud
        self.appRoles = appRoles
        self.withDirectory = withDirectory
        self.withAzureCLI = withAzureCLI
        self.onlyAssignedGroups = onlyAssignedGroups
        self.addsCaller = addsCaller
        self.clusterHost = clusterHost
        self.server = server
        self.login = login
    }

    /// The app roles that most clusters need: for `cluster-admin` and for `view`.
    public static let usualAppRoles = [adminRole, "Cluster.Viewer"]
    static let adminRole = "Cluster.Admin"

    /// Whether a name needs no escaping in scripts and queries, and is no option there: letters, digits, spaces, and
    /// `. _ -`.
    public static func isName(_ text: String) -> Bool {
        (1...100).contains(text.utf8.count) && text.first != " " && text.last != " " && text.first != "-"
            && text.utf8.allSatisfy { isLetterOrDigit($0) || " ._-".utf8.contains($0) }
    }

    /// Whether a text can be the value of an app role: no white space, and nothing that a shell would interpret.
    public static func isRoleValue(_ text: String) -> Bool {
        (1...120).contains(text.utf8.count) && text.first != "."
            && text.utf8.allSatisfy { isLetterOrDigit($0) || "._-:/".utf8.contains($0) }
    }

    /// Whether an address can be printed into a command: nothing that a shell or Terraform would interpret.
    public static func isAddress(_ text: String) -> Bool {
        text.utf8.allSatisfy { isLetterOrDigit($0) || "._-:/[]".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    // One list of what the registrations need

    /// A property of a registration, by its name in the application's manifest.
    public enum Setting: String, CaseIterable, Sendable {
        case identifierURIs = "identifierUris"
        case scopes = "oauth2PermissionScopes"
        case groupClaims = "groupMembershipClaims"
        case optionalClaims = "optionalClaims"
        case tokenVersion = "requestedAccessTokenVersion"
        case preAuthorized = "preAuthorizedApplications"
        case publicClient = "isFallbackPublicClient"
        case redirectURIs = "redirectUris"
        case appRoles = "appRoles"
        case permissions = "requiredResourceAccess"
    }

    static let scope = "user_impersonation"
    static let scopeText = (
        title: "Sign in to the Kubernetes cluster", description: "Lets the client sign in to the cluster as you."
    )
    static let redirectURI = "http://localhost"
    /// `idtyp` identifies tokens of applications; version 2.0 tokens have a `upn` only on request.
    static let optionalClaims = ["idtyp", "upn"]
    static let tokenVersion = 2
    /// Who can have an app role.
    static let roleMembers = ["User", "Application"]
    /// The only permissions of the application that calls Microsoft Graph.
    static let graphPermissions = ["GroupMember.Read.All", "User.Read.All", "Application.Read.All"]
    static let graphAppID = "00000003-0000-0000-c000-000000000000"
    static let azureCLIAppID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

    var groupClaims: String { onlyAssignedGroups ? "ApplicationGroup" : "SecurityGroup" }
    var clientName: String { name + "-login" }
    var directoryName: String { name + "-directory" }
    /// The group's mail nickname, which Graph requires and nobody uses; it may have 64 characters.
    var mailNickname: String { String(groupName.map { $0 == " " ? "-" : $0 }.prefix(64)) }

    /// IDs of scopes and roles must be unique only within their application, so they can be the same on every run.
    static func identifier(of text: String) -> String {
        let digest = SHA256Digest(hashing: Array(text.utf8)).hex.prefix(32)
        var digits = Array(digest)
        digits[12] = "5"
        digits[16] = "a"
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }
        return parts.joined(separator: "-")
    }

    static var scopeID: String { identifier(of: "kube-entra scope " + scope) }

    static func roleID(_ value: String) -> String { identifier(of: "kube-entra role " + value) }

    /// Placeholder for the API server's address if it is not known.
    public static let exampleServer = "https://cluster.example:6443"

    /// The commands that need the values.
    func nextCommands(tenant: String, audience: String, group: String, client: String) -> [String] {
        let cloud = self.cloud == .public ? "" : " --cloud \(self.cloud.rawValue)"
        return [
            "kube-entra enable --tenant-id \(tenant) --audience \(audience) --admin-group \(group)\(cloud) --bind",
            "kube-entra kubeconfig user --server \(server ?? Self.exampleServer) --ca /etc/kubernetes/pki/ca.crt"
                + " --config /etc/kube-entra/kube-entra.yaml --client-id \(client) --login \(login) --out kubeconfig.yaml",
        ]
    }
}

extension SHA256Digest {
    fileprivate init(hashing bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { SHA256Digest(hashing: $0) }
    }
}
