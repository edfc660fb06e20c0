import Configuration
public import Entra
import Kubeconfigs
public import Terminal

/// The options of `enable` about the webhook: its configuration, and how it runs.
public struct EnableArguments: Sendable {
    /// The tenant's ID.
    public var tenantID: String?
    /// The server application's IDs.
    public var audiences: [String]
    /// Object IDs of the admins' groups.
    public var adminGroups: [String]
    /// The tenant's cloud.
    public var cloud: Cloud
    /// A configuration instead of the IDs.
    public var config: String?
    /// Whether the webhook must run as a static pod; nil leaves it as it is.
    public var isStaticPod: Bool?
    /// The image of the static pod.
    public var image: String?

    public init(
        tenantID: String?, audiences: [String], adminGroups: [String], cloud: Cloud, config: String?,
        isStaticPod: Bool?, image: String?
    ) {
        self.tenantID = tenantID
        self.audiences = audiences
        self.adminGroups = adminGroups
        self.cloud = cloud
        self.config = config
        self.isStaticPod = isStaticPod
        self.image = image
    }

    private var hasValues: Bool { tenantID != nil || !audiences.isEmpty || !adminGroups.isEmpty }

    /// - Throws: ``UsageProblem`` if an option is missing, has another form, or does not go with another one.
    public func check() throws(UsageProblem) {
        guard !(hasValues && config != nil) else {
            throw UsageProblem("give --config, or --tenant-id, --audience and --admin-group")
        }
        if hasValues {
            guard tenantID.flatMap({ GUID(lenient: $0) }) != nil else {
                throw UsageProblem("--tenant-id must be a tenant's ID (a GUID)")
            }
            guard !audiences.isEmpty, !audiences.contains("") else {
                throw UsageProblem("--audience is missing: the server application's ID")
            }
            for case let problem? in audiences.map({ AudienceProblem($0) }) {
                throw UsageProblem(problem.sentence(option: "--audience"))
            }
            guard !audiences.contains(where: { GUID(lenient: $0) == tenantID.flatMap { GUID(lenient: $0) } }) else {
                throw UsageProblem("--audience is the tenant's ID: it must be the server application's ID, or its URI")
            }
            guard !adminGroups.isEmpty else {
                throw UsageProblem("--admin-group is missing: the object ID of the admins' group")
            }
            for group in adminGroups where GUID(lenient: group) == nil {
                throw UsageProblem("--admin-group must be a group's object ID (a GUID), not a name")
            }
        }
        guard isStaticPod != true || image != nil else { throw UsageProblem("--as static-pod needs --image") }
        guard isStaticPod == true || image == nil else { throw UsageProblem("--image is for --as static-pod") }
        guard image.map(EnableArguments.isImage) ?? true else {
            throw UsageProblem("--image must be the name of an image")
        }
        // As `skopeo copy` and `podman push` name it.
        guard image.map({ $0.firstRange(of: "://") == nil }) ?? true else {
            throw UsageProblem(
                "--image must be the name that the kubelet pulls, without docker:// or another scheme before it")
        }
    }

    private static func isImage(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 32 && $0 < 127 && !"\"'#&*!|>%`{}[],\\".utf8.contains($0) }
    }

    /// The source of the webhook's configuration.
    public var source: InstallationRequest.Source {
        if let config { return .file(KubeconfigText.absolute(config)) }
        guard let id = tenantID.flatMap({ GUID(lenient: $0) }) else { return .present }
        return .values(
            tenantID: id, audiences: audiences, adminGroups: adminGroups.compactMap { GUID(lenient: $0) }, cloud: cloud)
    }

    /// How the webhook must run; nil leaves it as it is.
    public var service: ServiceKind? { image.map { .staticPod(image: $0) } ?? isStaticPod.map { _ in .systemd } }
}
