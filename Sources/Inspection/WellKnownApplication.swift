/// Names of applications that are the same in every tenant.
public enum WellKnownApplication {
    private static let names = [
        "6dae42f8-4368-4678-94ff-3960e28e3630": "AKS server application",
        "80faf920-1908-4b52-b5ef-a8e7bedfc67a": "AKS client application",
        "6256c85f-0aad-4d50-b960-e6e9b21efe35": "Arc server application",
        "3f4439ff-e698-4d6d-84fe-09c9d574f06b": "Arc client application",
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46": "Azure CLI",
        "00000003-0000-0000-c000-000000000000": "Microsoft Graph",
        "00000002-0000-0000-c000-000000000000": "Azure AD Graph",
        "https://graph.microsoft.com": "Microsoft Graph",
        "https://graph.microsoft.com/": "Microsoft Graph",
        "https://management.azure.com": "Azure Resource Manager",
        "https://management.azure.com/": "Azure Resource Manager",
        "https://management.core.windows.net/": "Azure Resource Manager",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013": "Azure Resource Manager",
    ]

    /// The ID with its name where it has one.
    public static func described(_ id: String) -> String {
        let bare = id.hasPrefix("spn:") ? String(id.dropFirst(4)) : id
        return names[bare.lowercased()].map { "\(id) (\($0))" } ?? id
    }
}
