import SafeText

/// Applications that are the same in every tenant.
///
/// Source: Microsoft Entra documentation, "Verify first-party Microsoft applications in sign-in reports".
public struct WellKnownApplication: Hashable, Sendable {
    /// Which tokens an application has or accepts.
    public enum Role: Hashable, Sendable {
        /// A server application: every cluster of its kind in the tenant accepts the tokens that are issued for it.
        case clusters
        /// A client application: it requests tokens, and no access token is issued for it.
        case client
        /// A service of Microsoft: tokens for it are not meant for clusters.
        case service
    }

    /// Its name.
    public var name: String
    /// Which tokens it has or accepts.
    public var role: Role

    private static let all: [String: WellKnownApplication] = [
        "6dae42f8-4368-4678-94ff-3960e28e3630": .init(name: "AKS server", role: .clusters),
        "80faf920-1908-4b52-b5ef-a8e7bedfc67a": .init(name: "AKS client", role: .client),
        "6256c85f-0aad-4d50-b960-e6e9b21efe35": .init(name: "Arc server", role: .clusters),
        "3f4439ff-e698-4d6d-84fe-09c9d574f06b": .init(name: "Arc client", role: .client),
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46": .init(name: "Azure CLI", role: .client),
        "1950a258-227b-4e31-a9cf-717495945fc2": .init(name: "Azure PowerShell", role: .client),
        "14d82eec-204b-4c2f-b7e8-296a70dab67e": .init(name: "Microsoft Graph PowerShell", role: .client),
        "de8bc8b5-d9f9-48b1-a8ad-b748da725064": .init(name: "Graph Explorer", role: .client),
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": .init(name: "Azure portal", role: .client),
        "aebc6443-996d-45c2-90f0-388ff96faa56": .init(name: "Visual Studio Code", role: .client),
        "872cd9fa-d31f-45e0-9eab-6e460a02d1f1": .init(name: "Visual Studio", role: .client),
        "b677c290-cf4b-4a8e-a60e-91ba650a4abe": .init(name: "Azure portal console", role: .client),
        "00000003-0000-0000-c000-000000000000": graph,
        "00000002-0000-0000-c000-000000000000": oldGraph,
        "797f4846-ba00-4fd7-ba43-dac1f8f63013": resourceManager,
        "cfa8b339-82a2-471a-a3c9-0fc0be7a4093": keyVault,
        "499b84ac-1321-427f-aa17-267ca6975798": .init(name: "Azure DevOps", role: .service),
        "e406a681-f3d4-42a8-90b6-c2b029497af1": storage,
        "https://graph.microsoft.com": graph,
        "https://graph.microsoft.us": graph,
        "https://dod-graph.microsoft.us": graph,
        "https://microsoftgraph.chinacloudapi.cn": graph,
        "https://graph.windows.net": oldGraph,
        "https://graph.chinacloudapi.cn": oldGraph,
        "https://management.azure.com": resourceManager,
        "https://management.core.windows.net": resourceManager,
        "https://management.usgovcloudapi.net": resourceManager,
        "https://management.core.usgovcloudapi.net": resourceManager,
        "https://management.chinacloudapi.cn": resourceManager,
        "https://management.core.chinacloudapi.cn": resourceManager,
        "https://vault.azure.net": keyVault,
        "https://vault.usgovcloudapi.net": keyVault,
        "https://vault.azure.cn": keyVault,
        "https://storage.azure.com": storage,
    ]

    private static let graph = WellKnownApplication(name: "Microsoft Graph", role: .service)
    private static let oldGraph = WellKnownApplication(name: "Azure AD Graph", role: .service)
    private static let resourceManager = WellKnownApplication(name: "Azure Resource Manager", role: .service)
    private static let keyVault = WellKnownApplication(name: "Azure Key Vault", role: .service)
    private static let storage = WellKnownApplication(name: "Azure Storage", role: .service)

    /// The application with this ID, `spn:` audience or application ID URI; nil if it is unknown.
    public static func find(_ id: String) -> WellKnownApplication? {
        var bare = id.lowercased()
        if bare.hasPrefix("spn:") { bare.removeFirst(4) }
        while bare.hasSuffix("/") { bare.removeLast() }
        return all[bare]
    }

    /// The name of an application ID, an `spn:` audience or an application ID URI; nil if it is unknown.
    public static func name(_ id: String) -> String? { find(id)?.name }

    /// The name of the Microsoft service with this audience; nil if it is unknown, a client, or for clusters.
    public static func otherService(_ audience: String) -> String? {
        find(audience).flatMap { $0.role == .service ? $0.name : nil }
    }

    /// The ID with its name, if it has one, safe to print.
    public static func described(_ id: String) -> String {
        PrintableText.clean(id) + (name(id).map { " (\($0))" } ?? "")
    }
}
