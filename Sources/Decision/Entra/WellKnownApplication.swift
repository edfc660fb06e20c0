import SafeText

/// Names of applications that are the same in every tenant.
///
/// Source: Microsoft Entra documentation, "Verify first-party Microsoft applications in sign-in reports".
public enum WellKnownApplication {
    private static let names = [
        "6dae42f8-4368-4678-94ff-3960e28e3630": "AKS server",
        "80faf920-1908-4b52-b5ef-a8e7bedfc67a": "AKS client",
        "6256c85f-0aad-4d50-b960-e6e9b21efe35": "Arc server",
        "3f4439ff-e698-4d6d-84fe-09c9d574f06b": "Arc client",
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "Azure CLI",
        "1950a258-227b-4e31-a9cf-717495945fc2": "Azure PowerShell",
        "14d82eec-204b-4c2f-b7e8-296a70dab67e": "Microsoft Graph PowerShell",
        "de8bc8b5-d9f9-48b1-a8ad-b748da725064": "Graph Explorer",
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": "Azure portal",
        "aebc6443-996d-45c2-90f0-388ff96faa56": "Visual Studio Code",
        "872cd9fa-d31f-45e0-9eab-6e460a02d1f1": "Visual Studio",
        "b677c290-cf4b-4a8e-a60e-91ba650a4abe": "Azure portal console",
        "00000003-0000-0000-c000-000000000000": "Microsoft Graph",
        "00000002-0000-0000-c000-000000000000": "Azure AD Graph",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013": "Azure Resource Manager",
        "cfa8b339-82a2-471a-a3c9-0fc0be7a4093": "Azure Key Vault",
        "499b84ac-1321-427f-aa17-267ca6975798": "Azure DevOps",
        "https://graph.microsoft.com": "Microsoft Graph",
        "https://graph.microsoft.us": "Microsoft Graph",
        "https://microsoftgraph.chinacloudapi.cn": "Microsoft Graph",
        "https://graph.windows.net": "Azure AD Graph",
        "https://management.azure.com": "Azure Resource Manager",
        "https://management.core.windows.net": "Azure Resource Manager",
        "https://management.usgovcloudapi.net": "Azure Resource Manager",
        "https://management.chinacloudapi.cn": "Azure Resource Manager",
        "https://vault.azure.net": "Azure Key Vault",
    ]

    /// The name of an application ID, an `spn:` audience or an application ID URI; nil if it is unknown.
    public static func name(_ id: String) -> String? {
        var bare = id.lowercased()
        if bare.hasPrefix("spn:") { bare.removeFirst(4) }
        while bare.hasSuffix("/") { bare.removeLast() }
        return names[bare]
    }

    /// The Microsoft service of an audience; nil if it is unknown or one that clusters use.
    public static func otherService(_ audience: String) -> String? {
        let services = [
            "Microsoft Graph", "Azure AD Graph", "Azure Resource Manager", "Azure Key Vault", "Azure DevOps",
        ]
        return name(audience).flatMap { services.contains($0) ? $0 : nil }
    }

    /// The ID with its name, if it has one, safe to print.
    public static func described(_ id: String) -> String {
        PrintableText.clean(id) + (name(id).map { " (\($0))" } ?? "")
    }
}
