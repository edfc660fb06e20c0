import Glibc

/// Folders of the operating system and of kubeadm. Among their files, keys would be lost, and `ca.crt` may be another
/// CA's.
enum SystemFolder {
    /// Refused with everything below them.
    private static let trees: Set<Substring> = [
        "bin", "boot", "dev", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys",
    ]

    /// Refused themselves; a folder below them may be somebody's own.
    private static let folders: Set<String> = [
        "/etc", "/etc/ca-certificates", "/etc/default", "/etc/kubernetes", "/etc/kubernetes/manifests",
        "/etc/kubernetes/pki", "/etc/kubernetes/pki/etcd", "/etc/pki", "/etc/pki/ca-trust", "/etc/pki/tls",
        "/etc/pki/tls/certs", "/etc/pki/tls/private", "/etc/rancher", "/etc/ssh", "/etc/ssl", "/etc/ssl/certs",
        "/etc/ssl/private", "/etc/systemd", "/etc/systemd/system", "/home", "/media", "/mnt", "/opt", "/run", "/srv",
        "/tmp", "/var", "/var/cache", "/var/lib", "/var/local", "/var/log", "/var/opt", "/var/spool", "/var/tmp",
    ]

    /// The real path of a folder that is the system's and has files of others; nil if certificates may be made there.
    static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        let real = String(cString: resolved)
        var status = stat()
        guard isSystem(real), stat(real, &status) == 0, status.st_uid == 0, hasOthers(real) else { return nil }
        return real
    }

    /// - Parameter path: absolute, without links.
    static func isSystem(_ path: String) -> Bool {
        let parts = path.split(separator: "/")
        guard let first = parts.first else { return true }
        // A folder in /usr/local/etc, for example, is the administrator's.
        if first == "usr" { return parts.count < 4 || parts[1] != "local" }
        return trees.contains(first) || folders.contains(path)
    }

    private static func hasOthers(_ folder: String) -> Bool {
        guard let stream = opendir(folder) else { return false }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if ![".", "..", "lost+found"].contains(name), !CertificateFolder.FileName.all.contains(name) {
                return true
            }
        }
        return false
    }
}
