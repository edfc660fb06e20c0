/// A national cloud of Microsoft Entra and its addresses. The raw value is the one of `tenants[].cloud`.
///
/// Source: Microsoft identity platform, "National clouds".
public enum Cloud: String, Sendable, CaseIterable {
    case `public`
    case usGovernment
    case china

    /// Base of sign-in addresses, without a trailing slash.
    public var authority: String {
        switch self {
        case .public: "https://login.microsoftonline.com"
        case .usGovernment: "https://login.microsoftonline.us"
        case .china: "https://login.partner.microsoftonline.cn"
        }
    }

    /// An address that may stand in place of ``authority``, without slashes at its end.
    public static func base(_ address: String) -> String {
        var base = Substring(address)
        while base.last == "/" { base = base.dropLast() }
        return String(base)
    }

    /// Base of version 1.0 issuers, without a trailing slash.
    public var legacyIssuerBase: String {
        switch self {
        case .public, .usGovernment: "https://sts.windows.net"
        case .china: "https://sts.chinacloudapi.cn"
        }
    }

    /// Base of Microsoft Graph addresses, without a trailing slash.
    public var graphEndpoint: String {
        switch self {
        case .public: "https://graph.microsoft.com"
        case .usGovernment: "https://graph.microsoft.us"
        case .china: "https://microsoftgraph.chinacloudapi.cn"
        }
    }

    /// Values of a signing key's `cloud_instance_name` that mean this cloud.
    public var instanceNames: [String] {
        switch self {
        case .public: ["microsoftonline.com"]
        case .usGovernment: ["microsoftonline.us"]
        case .china: ["partner.microsoftonline.cn", "chinacloudapi.cn"]
        }
    }

    /// The value of kubelogin's `--environment` for this cloud.
    public var kubeloginEnvironment: String {
        switch self {
        case .public: "AzurePublicCloud"
        case .usGovernment: "AzureUSGovernmentCloud"
        case .china: "AzureChinaCloud"
        }
    }
}
