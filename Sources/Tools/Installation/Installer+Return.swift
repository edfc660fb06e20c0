import SafeText
import Terminal

/// Finding out whether kube-apiserver serves again after its flags were taken away.
extension Installer {
    /// Why kube-apiserver is not known to serve without the webhook, for the end of a sentence.
    var returnObstacle: String { obstacleToReturn.map { ": \($0.reason)" } ?? "" }

    /// Waits until kube-apiserver serves without the webhook.
    func waitForReturn(_ distribution: Distribution, _ timeout: Duration) -> Bool {
        wait(
            timeout, reporting: (.apiServer, { self.obstacleToReturn?.reason ?? "" }),
            ignoring: Interruption.lostConnection
        ) { answersWithoutWebhook(distribution) }
    }

    func answersWithoutWebhook(_ distribution: Distribution) -> Bool {
        switch askAPIServer(nodeIssuer) {
        case .asked: obstacleToReturn = ("it still runs with the flags", nil)
        // An API server that still has the flags, without a running webhook, has not restarted yet.
        case .notAsked(let said) where ProbeToken.isCall(said):
            obstacleToReturn = ("it still runs with the flags, and cannot reach the webhook", nil)
        case .notAsked:
            obstacleToReturn = knownIssuer == nil ? obstacleToKnowing(distribution) : nil
            return obstacleToReturn == nil
        case .failed(let reason, let hint):
            // One that refuses to say is not down.
            hasBeenDown = hasBeenDown || hint == nil
            obstacleToReturn = (reason, hint)
        }
        return false
    }

    /// Why it is not known whether kube-apiserver runs without the flags, where no token is known that the webhook
    /// would answer; nil if it is known.
    private func obstacleToKnowing(_ distribution: Distribution) -> (reason: String, hint: String?)? {
        switch ownAPIServerAsks(distribution) {
        case false?: return nil
        case true?: return ("the cluster still shows it with the flags", nil)
        // k3s runs it in its own process, which was restarted.
        case nil where hasBeenDown || distribution == .k3s: return nil
        case nil:
            return (
                "it answers, but whether it runs without the flags is not known: \(NodePath.configuration) does not tell"
                    + " which tokens the webhook takes, and the API servers' pods cannot be listed",
                "repair \(NodePath.configuration) (kube-entra config check names the errors), or pass an admin's"
                    + " kubeconfig with --kubeconfig; `crictl ps --name kube-apiserver` shows how long it has run"
            )
        }
    }
}
