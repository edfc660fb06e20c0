import Configuration
import Kubeconfigs
import SafeText
import Terminal

/// Files that are read only when kube-apiserver or the webhook starts. Without them, all works until the next reboot.
extension Installer {
    /// What would keep one of the two from starting again, and what to do; nil if nothing was found.
    ///
    /// - Parameter loaded: nil if the node has no configuration that can be used.
    func obstacleToRestart(_ loaded: LoadedConfiguration?) -> (message: String, next: String)? {
        if let obstacle = obstacleToAPIServer {
            return ("kube-apiserver would not start again: \(obstacle.0)", obstacle.1)
        }
        return obstacleToWebhook(loaded).map { ("the webhook would not start again: \($0.message)", $0.next) }
    }

    private var obstacleToAPIServer: (String, String)? {
        let path = flags.configFile.text
        guard files.exists(path) else { return ("\(path) is missing", "`kube-entra enable` writes it again") }
        guard let bytes = try? files.read(path), let access = try? Kubeconfig.parse(bytes, path: path).access() else {
            return ("\(path) cannot be used", "move it away; `kube-entra enable` writes it again")
        }
        for source in [access.cluster.authority, access.user.clientCertificate, access.user.clientKey] {
            guard case .file(let path)? = source, !files.exists(path) else { continue }
            return ("\(path) is missing", remedy(path))
        }
        return nil
    }

    private func obstacleToWebhook(_ loaded: LoadedConfiguration?) -> (message: String, next: String)? {
        // Without a journal, the webhook may run elsewhere, with files of its own.
        guard let journal else { return nil }
        let isPod = journal.service == ServiceKind.staticPodName
        guard files.exists(NodePath.configuration) else {
            return ("\(NodePath.configuration) is missing", remedy(NodePath.configuration))
        }
        let named = loaded?.configuration.files.filter { $0.isNeeded && !$0.role.isWritten } ?? []
        for path in [NodePath.configuration] + named.map({ files.local($0.path) }) {
            if !files.exists(path) { return ("\(path) is missing", remedy(path)) }
            if let obstacle = obstacleToReading(path, isPod: isPod) { return (obstacle.message, obstacle.hint) }
        }
        return nil
    }

    /// What to do about a file that is gone.
    func remedy(_ path: String) -> String {
        journal?.made(at: path) == nil
            ? "put it back" : "put it back, or make it anew by `kube-entra disable` and then `kube-entra enable`"
    }
}
