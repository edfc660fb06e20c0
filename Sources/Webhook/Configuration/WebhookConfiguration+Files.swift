extension WebhookConfiguration {
    /// Files that are read only once they are needed, and the folder that keys are cached in, each with its field.
    ///
    /// `serve` starts without them; what depends on them is refused until they are there.
    public var filesForLater: [(field: String, path: String)] {
        tenants.enumerated().flatMap { index, tenant in
            let place = "tenants[\(index)]"
            let keys = tenant.signingKeys
            let folder = keys.file == nil ? keys.cacheFile.map(WebhookConfiguration.folder) : nil
            let files: [(field: String, path: String?)] = [
                ("authorityCA", tenant.authorityCA), ("signingKeys.file", keys.file), ("signingKeys.cacheFile", folder),
                ("directory.graphCA", tenant.directory?.graphCA), tenant.directory?.credential.file ?? ("", nil),
            ]
            return files.compactMap { file in file.path.map { ("\(place).\(file.field)", $0) } }
        }
    }

    private static func folder(of path: String) -> String {
        guard let end = path.lastIndex(of: "/") else { return "." }
        return end == path.startIndex ? "/" : String(path[..<end])
    }
}

extension DirectoryCredential {
    fileprivate var file: (field: String, path: String?) {
        switch self {
        case .clientSecretFile(let path): ("directory.clientSecretFile", path)
        case .clientCertificateFile(let path): ("directory.clientCertificateFile", path)
        case .federatedTokenFile(let path): ("directory.federatedTokenFile", path)
        case .managedIdentity: ("directory.managedIdentity", nil)
        }
    }
}
