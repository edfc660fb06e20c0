import Configuration
import Files
import Glibc

/// The user that `enable` and the package make for the webhook, or whom a static pod runs as.
public enum WebhookUser {
    /// As root, gives this process the permissions of the webhook's user, so that a check finds what `serve` would
    /// find: root can read what that user cannot, and does not trust the user's own files.
    ///
    /// The user is the one that the private key or the cache of signing keys belongs to. Nothing changes if it is
    /// somebody else's, or if the user may not read the configuration itself.
    ///
    /// - Parameter path: the configuration. Only a file can be read twice, unlike a pipe.
    /// - Returns: the user, for a sentence; nil if nothing was changed.
    public static func takeOn(toCheck path: String) -> String? {
        var kind = stat()
        guard geteuid() == 0, stat(path, &kind) == 0, kind.st_mode & S_IFMT == S_IFREG,
            let configuration = try? ConfigurationLoader.load(path: path).configuration
        else { return nil }
        let account = getpwnam(ServiceFiles.userName).map { (user: $0.pointee.pw_uid, group: $0.pointee.pw_gid) }
        let roles: [FileRole] = [.serverKey, .keyCache, .signingKeys]
        for file in configuration.files where roles.contains(file.role) {
            // The cache is not there yet when the webhook has never run.
            let place = file.role == .keyCache && file.path.hasPrefix("/") ? NodePath.folder(of: file.path) : file.path
            var status = stat()
            guard stat(place, &status) == 0 else { continue }
            if let account, account.user == status.st_uid {
                return take(on: account, path) { initgroups(ServiceFiles.userName, account.group) == 0 }
                    ? ServiceFiles.userName : nil
            }
            if status.st_uid == ServiceFiles.podUser {
                var group = ServiceFiles.podUser
                return take(on: (ServiceFiles.podUser, group), path) { setgroups(1, &group) == 0 }
                    ? "user \(ServiceFiles.podUser)" : nil
            }
        }
        return nil
    }

    private static func take(
        on account: (user: uid_t, group: gid_t), _ path: String, setsGroups: () -> Bool
    ) -> Bool {
        guard setsGroups(), setegid(account.group) == 0, seteuid(account.user) == 0 else { return false }
        if faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0 { return true }
        guard seteuid(0) == 0, setegid(0) == 0 else { exit(EXIT_FAILURE) }
        return false
    }
}
