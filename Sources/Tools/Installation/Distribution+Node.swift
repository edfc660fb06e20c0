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
            let journal = (try? files.content(NodePath.journal)).flatMap { $0 }.flatMap(InstallationJournal.init)
            if let journal { return journal.distribution }
            throw absence(of: allCases, files)
        }
        guard found.count == 1 else {
            throw CommandFailure(
                "this node looks like \(found.map(\.rawValue).joined(separator: " and "))",
                hint: "say which it is with --distribution")
        }
        return first
    }

    /// Checks that this is a control-plane node of the distribution, or has a journal of one.
    ///
    /// - Throws: `CommandFailure` if it is not, or if this user may not look.
    public func checkThisNode() throws {
        let files = NodeFiles(root: "")
        guard !signs.contains(where: files.exists) else { return }
        let journal = (try? files.content(NodePath.journal)).flatMap { $0 }.flatMap(InstallationJournal.init)
        guard journal?.distribution != self else { return }
        throw Distribution.absence(of: [self], files)
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
