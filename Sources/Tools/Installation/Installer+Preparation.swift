import SafeText
import Terminal

/// A node that will join a kubeadm cluster.
extension Installer {
    /// Makes what kube-apiserver's flags name, on a node that is about to join a kubeadm cluster as a control-plane
    /// node: `kubeadm join` gives its API server the flags of the others, and it does not start without their files.
    ///
    /// - Throws: `CommandFailure` with status 2; the node is then as it was.
    public func prepare(_ given: InstallationRequest) throws {
        try exclusively {
            let plan = try preparation(given)
            for line in notes(plan, nil) { environment.say(PrintableText.line(line)) }
            let earlier = journal.flatMap { $0.step == .done ? $0 : nil }
            startJournal(plan)
            do {
                for step in InstallationStep.allCases where step.index < InstallationStep.copy.index && step != .check {
                    try begin(step)
                    try perform(step, plan, apiServerUser: nil)
                }
                self.journal?.isPrepared = true
                try finish()
            } catch let failure as CommandFailure {
                isGoingBack = true
                takeBack(to: earlier)
                throw CommandFailure(failure.sentence, hint: failure.hint)
            }
            say(.done, "the node is prepared: now `kubeadm join --control-plane`, then `kube-entra enable`")
        }
    }

    /// Prints what `prepare` would do.
    ///
    /// - Throws: `CommandFailure` if it would refuse to begin.
    public func prepareDryRun(_ given: InstallationRequest) throws {
        try files.checkJournalFolder()
        let plan = try preparation(given)
        for line in notes(plan, nil) + (try describePreparation(plan)) { environment.say(PrintableText.line(line)) }
    }

    /// What will be on a node that is about to join.
    ///
    /// - Throws: `CommandFailure` if it has an API server already, or cannot be prepared.
    private func preparation(_ given: InstallationRequest) throws -> InstallationPlan {
        if let mismatch = mismatch(given) { throw mismatch }
        let request = try withService(given)
        guard !files.exists(request.distribution.flagFile) else {
            throw CommandFailure(
                "this is a control-plane node already: \(request.distribution.flagFile) is there",
                hint: "`kube-entra enable` without --prepare does everything")
        }
        let plan = try InstallationPlan(request, files: files)
        try checkPlaces(plan)
        return plan
    }
}
