import Glibc
import Terminal

extension Distribution {
    /// The only distribution whose files exist on this node; where there is none yet, that of the journal.
    ///
    /// - Throws: `CommandFailure` if there is none, or more than one, or if this user may not look.
    public static func ofThisNode() throws -> Distribution {
        let files = NodeFiles(root: "")
        let found = found()
        guard let first = found.first else {
            if let enabled = enabledOne(files) { return enabled }
            throw absence(of: allCases, files)
        }
        guard found.count == 1 else {
            throw CommandFailure(
                "this node looks like \(found.map(\.rawValue).joined(separator: " and "))",
                hint: "say which it is with --distribution")
        }
        return first
    }

    /// Checks that this is a control-plane node of the distribution, or has a journal of one, and none of another one.
    ///
    /// - Throws: `CommandFailure` if it is not, or if this user may not look.
    public func checkThisNode() throws {
        let files = NodeFiles(root: "")
        if let enabled = Distribution.enabledOne(files) {
            if let mismatch = mismatch(with: enabled) { throw mismatch }
            return
        }
        guard !(signs + [flagFile]).contains(where: files.exists) else { return }
        throw Distribution.absence(of: [self], files)
    }

    /// Checks that this user may read what `enable` and the distribution leave to root. Without that, a node that is
    /// half done would look like one without the webhook.
    ///
    /// - Parameter kubeconfig: an admin's; nil for the distribution's own.
    /// - Throws: `CommandFailure` if the user may not.
    public func checkPermissions(kubeconfig: String?) throws {
        for path in [NodePath.journal, kubeconfig ?? adminKubeconfig] where access(path, R_OK) != 0 && errno == EACCES {
            throw CommandFailure("this user may not read \(path)", hint: "run it as root: sudo kube-entra …")
        }
    }

    /// The distribution for which `enable` ran on this node; nil if it did not.
    private static func enabledOne(_ files: NodeFiles) -> Distribution? {
        (try? files.content(NodePath.journal)).flatMap { $0 }.flatMap(InstallationJournal.init)?.distribution
    }

    /// Why this distribution is not the one to look at; nil if it is.
    ///
    /// - Parameter enabled: the distribution for which `enable` ran.
    func mismatch(with enabled: Distribution) -> CommandFailure? {
        guard enabled != self else { return nil }
        return CommandFailure(
            "`kube-entra enable` ran on this node for \(enabled.title), not for \(title)",
            hint: "say --distribution \(enabled.rawValue)")
    }

    private static func absence(of distributions: [Distribution], _ files: NodeFiles) -> CommandFailure {
        if let hidden = distributions.flatMap(\.signs).first(where: files.isHidden) {
            return CommandFailure(
                "this user may not look into \(NodePath.folder(of: hidden))", hint: "run it as root: sudo kube-entra …")
        }
        let names = distributions == allCases ? "kubeadm, RKE2 or k3s" : distributions.map(\.title).joined()
        return CommandFailure(
            "this is not a control-plane node of \(names): there is no"
                + " \(distributions.map { $0.signs[0] }.joined(separator: ", "))",
            hint: "run it on a control-plane node, or say --distribution; deploy/kubeadm has the way by hand")
    }
}
