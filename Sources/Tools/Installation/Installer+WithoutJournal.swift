import Certificates
import Configuration

/// What is on a node whose journal is missing: nobody knows then what `enable` made, so `disable` leaves it.
extension Installer {
    /// What is there, and the command that removes it.
    var unknownParts: [(what: String, removal: String)] {
        var found: [(what: String, removal: String)] = []
        let unit = ([ServiceFiles.unitPath] + ServiceFiles.packagedUnitPaths).first(where: files.exists)
        if let unit {
            let isPackaged = unit != ServiceFiles.unitPath
            found.append(
                (
                    "the service \(Installer.unit), also if it runs (\(unit))",
                    "systemctl disable --now kube-entra"
                        + (isPackaged
                            ? "; the unit goes with the package" : " && rm \(unit) && systemctl daemon-reload")
                ))
        }
        for distribution in Distribution.allCases where files.exists(podPath(distribution)) {
            found.append((podPath(distribution), "rm \(podPath(distribution))"))
        }
        for folder in [NodePath.home, NodePath.state, ServiceFiles.logFolder] where files.exists(folder) {
            found.append((folder, "rm -r \(folder)"))
        }
        for file in [NodePath.program, ServiceFiles.sysusersPath] where files.exists(file) {
            found.append((file, "rm \(file)"))
        }
        if environment.account(ServiceFiles.userName) != nil {
            found.append(("the user \(ServiceFiles.userName)", "userdel \(ServiceFiles.userName)"))
        }
        if files.exists(NodePath.authorityKey) {
            found.append(
                (
                    "\(NodePath.authorityKey), with which `enable` renews its certificates",
                    "rm -r \(NodePath.journalFolder)"
                ))
        }
        return found
    }

    /// Whether certificates of the CA whose key is in the journal's folder may be on the node.
    var hasCertificates: Bool {
        let configured = nodeConfiguration.map { CertificatePaths($0.configuration, root: files.root).authority }
        let usual = "\(NodePath.home)/certs/\(CertificateFolder.FileName.authority)"
        return [configured, usual].contains { $0.map(files.exists) ?? false }
    }

    /// Says what stays on a node without a journal, before anything is changed.
    func sayUnknownParts() {
        guard !unknownParts.isEmpty else { return }
        environment.say(
            "warning: \(NodePath.journal) is \(journal == nil ? "missing" : "not of `enable`"), which says what `enable` made: only kube-apiserver and the cluster"
                + " are changed, and the rest stays")
    }
}
