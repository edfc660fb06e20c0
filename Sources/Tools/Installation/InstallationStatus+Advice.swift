/// The verdict of `status`, and the next step.
extension Installer {
    /// Decides the state, and what to do next.
    func evaluate(_ status: inout InstallationStatus) {
        if status.step != nil {
            status.state = .halfDone
            status.next =
                status.isRunning
                ? "`kube-entra \(status.direction ?? "enable")` is running: wait until it has ended"
                : status.direction == InstallationJournal.Direction.disable.rawValue
                    ? "`kube-entra disable` finishes it, `kube-entra enable` takes it back"
                    : "`kube-entra enable` finishes it, `kube-entra disable` takes it back"
        } else if !status.hasFlags {
            status.state = .disabled
            if let journal, journal.isPrepared {
                status.next = "the node is prepared: now `kubeadm join --control-plane`, then `kube-entra enable`"
            } else if status.apiServer.asksWebhook, status.nodeDetour == nil {
                status.next = "kube-apiserver still runs with the flags, which are gone: \(restartAdvice(status))"
            } else if journal != nil {
                status.next =
                    "the flags are gone (kubeadm upgrade?): `kube-entra enable` adds them again, `kube-entra disable`"
                    + " removes the rest"
            } else {
                status.next = nextOfLeftovers(status)
            }
        } else if status.apiServer.reachesWebhook, let obstacle = status.obstacleToReadiness {
            status.state = .broken
            status.next = "the webhook refuses people until it is ready: \(obstacle); its log says more"
        } else if status.apiServer.reachesWebhook, let obstacle = status.obstacleToRestart {
            status.state = .broken
            status.next = "before anything restarts: \(obstacle.next)"
        } else if status.apiServer.reachesWebhook {
            status.state = .enabled
            if status.kubeadm == .lacksFlags {
                status.next = nextOfMissingFlags(status)
            } else if status.kubeadm?.isUneditable(asking: false) ?? false {
                status.next =
                    "add the flags to kubeadm's configuration, or an upgrade loses them: \(KubeadmConfiguration.edit)"
            }
        } else if status.apiServer.asksWebhook {
            status.state = .broken
            status.next = status.obstacleToRestart?.next ?? nextOfUnreachedWebhook(status)
        } else {
            status.state = .broken
            status.next =
                status.hintOfAPIServer ?? status.obstacleToRestart?.next
                ?? "`kube-entra enable` tries to repair it, `kube-entra disable` takes it back"
        }
        guard status.isConfigurationDamaged, status.hasFlags, status.state != .halfDone else { return }
        status.next =
            "repair \(NodePath.configuration): a webhook that runs keeps the last good one, and does not start with this"
            + " one; `kube-entra config check \(NodePath.configuration)` names the errors"
    }

    /// What to do about a webhook that the API server asks in vain.
    private func nextOfUnreachedWebhook(_ status: InstallationStatus) -> String {
        if status.webhook.isReady {
            return "the webhook runs: compare the address and the certificates in \(NodePath.kubeconfig) with"
                + " \(NodePath.configuration); kube-apiserver reads them when it starts"
        }
        let isPod = files.exists(podPath(status.distribution))
        let isUnit = ([ServiceFiles.unitPath] + ServiceFiles.packagedUnitPaths).contains(where: files.exists)
        let log = isPod ? "crictl logs of the pod kube-entra says" : "journalctl -u kube-entra -n 20 says"
        let reason = isPod || isUnit ? "\(log) why the webhook does not run; " : ""
        return "\(reason)`kube-entra enable` starts it again, `kube-entra disable` takes it back"
    }

    /// How a kube-apiserver that runs with old flags gets the new ones.
    private func restartAdvice(_ status: InstallationStatus) -> String {
        status.distribution.restart.map { $0.joined(separator: " ") }
            ?? "the kubelet restarts it within a minute, or its log says why not (journalctl -u kubelet -n 20)"
    }

    /// What to do about kubeadm's configuration without the flags.
    private func nextOfMissingFlags(_ status: InstallationStatus) -> String {
        switch status.withoutWebhook {
        case .these(let nodes)?:
            "`kube-entra enable` on \(nodes.joined(separator: ", ")) too: the last one adds the flags to kubeadm's"
                + " configuration; until then \(Installer.losing)"
        case .unknown(let reason)?:
            "add the flags to kubeadm's configuration if every control-plane node has the webhook, which is not known"
                + " (\(reason)): \(KubeadmConfiguration.edit)"
        case .none?, nil: "`kube-entra enable` adds the flags to kubeadm's configuration too"
        }
    }

    /// What to do about objects in the cluster, on a node that has nothing else.
    private func nextOfLeftovers(_ status: InstallationStatus) -> String? {
        let found = ClusterObjects(
            binding: status.binding?.isOurs ?? false, configuration: status.kubeadm?.asks ?? false)
        guard !found.isEmpty else { return nil }
        if case .these(let nodes)? = status.others {
            return "\(nodes.joined(separator: ", ")) ask the webhook: `kube-entra enable` makes this node do so too"
                + (found.configuration
                    ? ", which it needs before `kubeadm upgrade`; `kube-entra disable` takes the flags from kubeadm's"
                        + " configuration" : "")
        }
        return "an earlier run left \(found.text): `kube-entra disable` removes that"
    }
}
