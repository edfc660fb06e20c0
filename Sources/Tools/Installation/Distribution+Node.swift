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
            if let hidden = allCases.flatMap(\.signs).first(where: files.isHidden) {
                throw CommandFailure(
                    "this user may not look into \(NodePath.folder(of: hidden))",
                    hint: "run it as root: sudo kube-entra …"
                )
            }
            throw CommandFailure(
                "this is not a control-plane node of kubeadm, RKE2 or k3s: there is no"
                    + " \(allCases.map { $0.signs[0] }.joined(separator: ", "))",
                hint: "run it on a control-plane node, or say --distribution; deploy/kubeadm has the way by hand")
        }
        guard found.count == 1 else {
            throw CommandFailure(
                "this node looks like \(found.map(\.rawValue).joined(separator: " and "))",
                hint: "say which it is with --distribution")
        }
        return first
    }
}
