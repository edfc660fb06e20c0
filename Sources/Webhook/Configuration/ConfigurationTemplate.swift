import AccessPolicy
import Addresses
public import Entra
import LineLogging
import SafeText
import SigningKeys

/// Writes a complete starting configuration with comments.
public struct ConfigurationTemplate: Sendable {
    /// Where the webhook will run; production settings depend on it.
    public enum Deployment: String, Sendable, CaseIterable {
        /// A service on a control-plane node, as in `deploy/systemd`.
        case systemd
        /// A static pod on each control-plane node, as in `deploy/static-pod`.
        case staticPod = "static-pod"
        /// A Deployment in the cluster, as in `deploy/kustomize`.
        case kustomize
    }

    /// The tenant's ID.
    public var tenantID: GUID
    /// Application IDs or identifier URIs, at least one.
    public var audiences: [String]
    /// Object IDs of the groups whose members are cluster admins.
    public var adminGroups: [GUID]
    /// The tenant's national cloud.
    public var cloud: Cloud
    /// Folder of the certificates, as written into the file; nil for the usual folder of the deployment.
    public var certificates: String?
    /// Client applications that may request tokens; empty for any.
    public var allowedClientAppIDs: [GUID] = []
    /// Where the webhook will run; nil to try the program out.
    public var deployment: Deployment?
    /// The deny list, as written into the file; nil leaves it out. `serve` needs the list to exist.
    public var deniedFile: String?
    /// Lines that become comments at the beginning.
    public var notes: [String] = []

    /// A template for one tenant.
    public init(
        tenantID: GUID,
        audiences: [String],
        adminGroups: [GUID],
        cloud: Cloud = .public,
        certificates: String? = nil
    ) {
        self.tenantID = tenantID
        self.audiences = audiences
        self.adminGroups = adminGroups
        self.cloud = cloud
        self.certificates = certificates
    }

    /// The file's text with every field; those with their default are comments.
    public func render() -> String {
        var page = TemplatePage(comments: comments)
        for note in notes { page.note(note) }
        page.note(
            "Configuration of kube-entra. Check a change with `kube-entra config check FILE` and see what it means with"
        )
        page.note("`kube-entra policy diff OLD NEW`. A running webhook picks changes up by itself.")
        page.section(WebhookConfiguration.form, configuration.written)
        return page.text
    }

    /// The requested settings, with what the deployment needs.
    private var configuration: WebhookConfiguration {
        let folder = certificates ?? deployment?.certificates ?? "certs"
        var configuration = WebhookConfiguration()
        configuration.server.certificate = "\(folder)/server.crt"
        configuration.server.privateKey = "\(folder)/server.key"
        configuration.server.clientCA = "\(folder)/client-ca.crt"
        var tenant = TenantSettings(
            trust: TokenValidationRules(
                tenantID: tenantID, cloud: cloud, audiences: audiences, allowedClientAppIDs: allowedClientAppIDs),
            policy: TenantPolicy(adminGroupObjectIDs: adminGroups))
        tenant.deniedFile = deniedFile
        if let deployment {
            configuration.server.allowedClientNames = ["kube-apiserver"]
            configuration.logging.format = .json
            configuration.logging.audit = deployment.audit
            tenant.signingKeys.cacheFile = "/var/lib/kube-entra/keys.json"
            if deployment == .kustomize {
                configuration.server.listen.host = "0.0.0.0"
                configuration.server.operations.host = "0.0.0.0"
            }
        }
        configuration.tenants = [tenant]
        return configuration
    }

    /// Lines above a field, by its path.
    private var comments: [String: [String]] {
        var comments = [
            "tenants[].subjects": [
                "kube-entra:allow guests-can-be-admins as on AKS; to keep guests out, take guest out of subjects",
                "kube-entra:allow apps-can-be-admins as on AKS; to keep applications out, take app and managedIdentity out",
            ]
        ]
        if deniedFile == nil { comments["tenants[].deniedFile"] = deployment.denyListAdvice }
        if deployment == nil {
            comments["tenants[].signingKeys.cacheFile"] = [
                "kube-entra:allow keys-are-not-kept for trying out; `config init --for` writes what production wants"
            ]
        }
        if deployment == .kustomize {
            comments["server.operations"] = [
                "kube-entra:allow operations-are-public deploy/kustomize/networkpolicy.yaml says who reaches it"
            ]
        }
        return comments
    }
}

extension ConfigurationTemplate.Deployment? {
    /// How an empty deny list is made; without it, `serve` does not start.
    fileprivate var denyListAdvice: [String] {
        let first =
            "kube-entra:allow no-deny-list until you want to lock somebody out with `kube-entra deny`; make the list"
            + " before you name it here:"
        return switch self {
        case nil: [first, #"echo '{"denied": []}' >denied.json"#]
        case .systemd, .staticPod: [first, #"echo '{"denied": []}' >/etc/kube-entra/denied.json"#]
        case .kustomize:
            [
                "kube-entra:allow no-deny-list `kube-entra deny` cannot change a ConfigMap: to lock somebody out, add to"
                    + " denied above"
            ]
        }
    }
}

extension ConfigurationTemplate.Deployment {
    fileprivate var certificates: String {
        switch self {
        case .systemd, .staticPod: "certs"
        case .kustomize: "/etc/kube-entra-certs"
        }
    }

    fileprivate var audit: String {
        switch self {
        case .systemd: "/var/log/kube-entra/audit.jsonl"
        case .staticPod: "/var/lib/kube-entra/audit.jsonl"
        // The log goes to standard error; a file would fill the pod's volume.
        case .kustomize: "/dev/stdout"
        }
    }
}
