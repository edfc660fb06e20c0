import DirectoryGroups
import Entra
import SigningKeys

/// A file that a configuration names.
public struct NamedFile: Hashable, Sendable {
    /// For example `tenants[0].authorityCA`.
    public var field: String
    /// The resolved path.
    public var path: String
    /// The purpose of the file.
    public var role: FileRole
    /// Whether `serve` cannot do what is configured without it.
    public var isNeeded: Bool
}

extension WebhookConfiguration {
    /// Every file that the configuration names, in the order of its fields.
    public var files: [NamedFile] {
        var files: [NamedFile] = []
        written.forEach { field, value in
            guard case .file(let path, let role) = value, !path.isEmpty else { return }
            let tenant = tenants.indices.first { field.hasPrefix("tenants[\($0)].") }.map { tenants[$0] }
            files.append(
                NamedFile(field: field, path: path, role: role, isNeeded: tenant?.needs(role) ?? role.isServers))
        }
        return files
    }
}

extension TenantSettings {
    /// Whether Microsoft Graph is asked about this tenant's principals.
    public var asksDirectory: Bool {
        trust.groupOverage == .resolve || (directory.map { $0.watch != .off } ?? false)
    }

    fileprivate func needs(_ role: FileRole) -> Bool {
        switch role {
        case .signingKeys, .deniedList: true
        case .authorityCA: signingKeys.file == nil || (asksDirectory && directory?.credential != .managedIdentity)
        case .graphCA, .clientSecret, .clientCertificate, .federatedToken: asksDirectory
        case .serverCertificate, .serverKey, .clientCA, .keyCache, .names, .audit: false
        }
    }
}

extension FileRole {
    /// Whether the server needs it to answer at all.
    fileprivate var isServers: Bool {
        switch self {
        case .serverCertificate, .serverKey, .clientCA, .audit: true
        case .authorityCA, .graphCA, .clientSecret, .clientCertificate, .federatedToken, .signingKeys, .keyCache,
            .deniedList, .names:
            false
        }
    }
}
