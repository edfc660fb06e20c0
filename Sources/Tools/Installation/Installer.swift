import Configuration
import Entra
import Jansson
import SafeText
import Terminal
import Timestamps

/// Makes a control-plane node's API server call the webhook, and undoes that.
///
/// Every step checks the current state first, so that it can be repeated. The journal is written before each step, so
/// that the next run can continue or undo a run that ended anywhere.
public final class Installer {
    let environment: NodeEnvironment
    let files: NodeFiles
    let flags = WebhookFlags(configFile: ExactText(NodePath.kubeconfig), folder: ExactText(NodePath.home))
    var journal: InstallationJournal?
    /// Number of requests to the API server or the webhook so far.
    var probes: Int64 = 0
    /// Whether this run continues one that ended while kube-apiserver did not use the webhook.
    var isContinued = false
    /// Whether the report names something that stays.
    var hasKept = false
    /// Whether this run puts back what it did. Nothing interrupts that.
    var isGoingBack = false
    /// Paths that could not be removed or put back.
    var stuck: Set<ExactText> = []
    /// Why kube-apiserver is not known to serve without the webhook, and what to do about it, as it was found last.
    var obstacleToReturn: (reason: String, hint: String?)?
    /// Whether kube-apiserver gave no answer at some time after its flags were taken away.
    var hasBeenDown = false
    /// Whether the report says that the cluster is asked elsewhere.
    var hasSaidDetour = false

    /// Reads the journal of an earlier run.
    ///
    /// - Throws: `CommandFailure` if it cannot be read.
    public init(_ environment: NodeEnvironment) throws {
        self.environment = environment
        files = NodeFiles(root: environment.root)
        journal = try Installer.journal(files)
        isContinued = isHalfway
    }

    /// Whether the journal is from an `enable` that ended before it changed kube-apiserver, or from a `disable` that
    /// ended after it had removed the flags.
    private var isHalfway: Bool {
        guard let journal else { return false }
        switch journal.direction {
        case .enable: return journal.step.index < InstallationStep.change.index
        case .disable:
            // On RKE2 and k3s, a missing file means that there are no flags. An unreadable one proves nothing.
            do {
                let current = try files.content(journal.distribution.flagFile)
                return current.map { !APIServerFiles.asks($0, journal.distribution, flags) } ?? true
            } catch {
                return false
            }
        }
    }

    private static func journal(_ files: NodeFiles) throws -> InstallationJournal? {
        guard !files.isFolder(NodePath.journal) else {
            let moved = "mv \(NodePath.journal) \(NodePath.journal).folder"
            throw CommandFailure(
                "\(NodePath.journal) is a folder, and the journal of `enable` must be a file there",
                hint: "look at what is in it, move it away (\(moved)), then run the command again")
        }
        guard let bytes = try files.content(NodePath.journal) else { return nil }
        guard let journal = InstallationJournal(bytes) else {
            throw CommandFailure(
                "\(NodePath.journal) is damaged or of another version",
                hint: "if \(NodePath.copy) is there, it is the manifest of before; remove the journal when the node is"
                    + " as it should be")
        }
        return journal
    }

    // Enabling

    /// Makes all steps, or leaves the node as it was.
    ///
    /// - Throws: `CommandFailure` with status 2 if kube-apiserver was not changed, and 1 if the change was undone.
    public func enable(_ request: InstallationRequest) throws {
        try exclusively { try enableAlone(request) }
    }

    /// Runs while no other `enable` or `disable` runs on the node.
    func exclusively(_ work: () throws -> Void) throws {
        let lock = try InstallationLock(files)
        try withExtendedLifetime(lock) {
            // Another run may have ended since the journal was read.
            journal = try Installer.journal(files)
            isContinued = isHalfway
            try work()
        }
    }

    private func enableAlone(_ given: InstallationRequest) throws {
        if let mismatch = mismatch(given) { throw mismatch }
        let request = try withService(given)
        let plan = try InstallationPlan(request, files: files)
        let change = try APIServerFiles(request.distribution, flags, files: files, journal: journal)
        try OtherManifests.check(request.distribution, files: files)
        try checkPlaces(plan)
        if let obstacle = beforehand(plan).obstacle { throw obstacle }
        for line in notes(plan, change) { environment.say(PrintableText.line(line)) }
        let isHalfDone = journal.map { $0.step != .done } ?? false
        if let journal, isHalfDone {
            let isDisable = journal.direction == .disable
            say(
                .check,
                "an earlier \(isDisable ? "disable" : "run") stopped at the step \(journal.step.rawValue); this"
                    + (isDisable ? " takes it back" : " one goes on from there"))
        }
        let wasInForce = !isHalfDone && !change.isChange
        let earlier = isHalfDone ? nil : self.journal
        startJournal(plan)
        do {
            for step in InstallationStep.allCases where step != .check && step != .done {
                try begin(step)
                try perform(step, plan, change)
            }
            self.journal?.isPrepared = false
            try finish()
        } catch let failure as CommandFailure {
            isGoingBack = true
            guard !wasInForce else {
                // kube-apiserver was not changed.
                if let earlier {
                    takeBack(to: earlier)
                } else {
                    restoreReplaced()
                    try? finish()
                }
                throw CommandFailure(failure.sentence, hint: failure.hint, status: .no)
            }
            throw rollBack(after: failure, request, change, to: earlier)
        }
        say(.done, wasInForce ? "nothing had to be changed" : "people sign in with Microsoft Entra from now on")
    }

    /// Prints the steps, and the difference of the API server's file.
    ///
    /// - Throws: `CommandFailure` if `enable` would refuse before it changes anything.
    public func dryRun(_ given: InstallationRequest) throws {
        try files.checkJournalFolder()
        if let mismatch = mismatch(given) { throw mismatch }
        let request = try withService(given)
        let plan = try InstallationPlan(request, files: files)
        let change = try APIServerFiles(request.distribution, flags, files: files, journal: journal)
        try OtherManifests.check(request.distribution, files: files)
        try checkPlaces(plan)
        let (check, obstacle) = beforehand(plan)
        for line in notes(plan, change) + (try describe(plan, change, check: check)) {
            environment.say(PrintableText.line(line))
        }
        sayDifference(change.target, old: change.old, new: change.new)
        if let obstacle { throw obstacle }
    }

    /// Why a node that was enabled for another distribution is not enabled for this one; nil if it may be.
    func mismatch(_ request: InstallationRequest) -> CommandFailure? {
        guard let enabled = journal?.distribution, enabled != request.distribution else { return nil }
        return CommandFailure(
            "`kube-entra enable` ran on this node for \(enabled.title), not for \(request.distribution.title)",
            hint: "`kube-entra disable --distribution \(enabled.rawValue)` takes that back first")
    }

    private func perform(_ step: InstallationStep, _ plan: InstallationPlan, _ change: APIServerFiles) throws {
        switch step {
        case .check, .done: break
        case .program, .user, .certificates, .configuration, .kubeconfig, .service, .ready:
            try perform(step, plan, apiServerUser: change.userID)
        case .copy: try keepCopy(change)
        case .change: try changeAPIServer(plan, change)
        case .apiServer: try waitForAPIServer(plan, change)
        case .bind: try bindAdmins(plan)
        case .kubeadm: bringClusterConfigurationInLine(plan.request.distribution, adding: true)
        }
    }

    /// A step that needs no API server.
    func perform(_ step: InstallationStep, _ plan: InstallationPlan, apiServerUser: UInt32?) throws {
        switch step {
        case .program: try installProgram(plan)
        case .user: try makeUser(plan)
        case .certificates: try writeCertificates(plan)
        case .configuration: try writeConfiguration(plan)
        case .kubeconfig: try writeKubeconfig(plan, apiServerUser: apiServerUser)
        case .service: try startService(plan)
        case .ready: try waitForWebhook(plan)
        case .check, .copy, .change, .apiServer, .bind, .kubeadm, .done: break
        }
    }

    /// The check before the first change. The API server must answer an admin, and must not have a binding of this name
    /// for other groups.
    ///
    /// - Returns: the result for people, and why the run must end here; nil if it may go on.
    private func beforehand(_ plan: InstallationPlan) -> (text: String, obstacle: CommandFailure?) {
        func ending(_ failure: CommandFailure) -> (text: String, obstacle: CommandFailure?) {
            ("enable would end here: \(failure.sentence)", failure)
        }
        switch askAPIServer(plan.issuer) {
        case .asked, .notAsked:
            return bindingObstacle(plan, to: try? adminBinding()).map(ending) ?? ("the API server answers", nil)
        case .failed(let reason, let hint):
            // An earlier run may have left an API server that does not start.
            guard journal?.step.index ?? 0 >= InstallationStep.change.index, journal?.step != .done else {
                return ending(
                    CommandFailure(
                        "the API server does not answer as it is: \(reason)",
                        hint: hint ?? "repair that first; --kubeconfig names an admin's kubeconfig of this node"))
            }
            return ("the API server does not answer, as an earlier run left it: \(reason)", nil)
        }
    }

    /// What is unwise, before anything is changed.
    func notes(_ plan: InstallationPlan, _ change: APIServerFiles?) -> [String] {
        let findings = ConfigurationLinter.findings(in: plan.loaded, facts: LintEnvironment(now: environment.now()))
        let warnings = findings.filter { $0.severity != .notice && $0.allowedBecause == nil }
        let own = change?.ownAuthenticators ?? []
        let detour = nodeDetour.map { ["warning: kube-apiserver is \($0)"] } ?? []
        let lists = DenyListStatus(plan.configuration, root: files.root, now: environment.now())
        let denyNote = lists.missing.map { ["note: \($0)"] } ?? []
        let otherName = change.flatMap { $0.isChange ? noteOfOtherName($0.target) : nil }
        return detour + (otherName.map { [$0] } ?? [])
            + warnings.map { "warning: \($0.field): \($0.message); \($0.advice)" } + denyNote
            + own.map { "note: kube-apiserver has \($0); tokens that it accepts itself never come to the webhook" }
    }

    // Steps and their times

    /// The journal of an earlier run, or a new one, for a run of `enable`.
    func startJournal(_ plan: InstallationPlan) {
        let request = plan.request
        var started =
            journal
            ?? InstallationJournal(
                distribution: request.distribution, service: request.service.name, began: environment.now().rfc3339)
        started.direction = .enable
        started.issuer = plan.issuer
        journal = started
    }

    /// Records the next step before any part of it is done.
    func begin(_ step: InstallationStep) throws {
        if step != .done { try checkInterruption() }
        let before = journal
        journal?.step = step
        do {
            try saveJournal()
        } catch {
            journal = before
            throw error
        }
    }

    func saveJournal() throws {
        guard let journal else { return }
        _ = try files.makeFolder(NodePath.journalFolder, mode: 0o700)
        try files.write(journal.json.render(pretty: true) + [10], to: NodePath.journal, mode: 0o600)
    }

    /// One line of the report: the time of day, the time since the start, the step, what was done.
    func say(_ step: InstallationStep, _ text: String) {
        say(named: step == .check ? "journal" : step.rawValue, text)
    }

    func say(named name: String, _ text: String) {
        if name == "kept" { hasKept = true }
        let milliseconds = environment.elapsed() / .milliseconds(1)
        let tenths = Int(milliseconds / 100)
        let elapsed = "\(tenths / 10).\(tenths % 10) s"
        let time = environment.now().rfc3339.dropFirst(11).prefix(8)
        let pad = { (text: String, width: Int) in
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        let right = String(repeating: " ", count: max(0, 8 - elapsed.count)) + elapsed
        environment.say("\(time) \(right)  \(pad(name, 14))\(PrintableText.clean(text, maximum: 500))")
    }

    /// Polls until the answer is yes, the time is over, or the run is interrupted. Every ten seconds it says what it
    /// waits for.
    func wait(
        _ timeout: Duration, reporting report: (step: InstallationStep, problem: () -> String)? = nil,
        ignoring ignored: Set<Int32> = [], until isDone: () -> Bool
    ) -> Bool {
        let end = environment.elapsed() + timeout
        var next = environment.elapsed() + .seconds(10)
        while true {
            if isDone() { return true }
            let now = environment.elapsed()
            guard now < end, interruption(ignoring: ignored) == nil else { return false }
            if let report, now >= next {
                say(report.step, "still waiting: \(report.problem())")
                next = now + .seconds(10)
            }
            environment.pause()
        }
    }

    // Asking

    /// Where this node's API server is asked, if its own address is not known.
    var nodeDetour: String? {
        environment.detour(.node).map {
            "asked at \($0), because this node's own address is not known: another node's API server may answer there"
        }
    }

    func askAPIServer(_ issuer: String) -> ProbeToken.Finding {
        ProbeToken.finding(
            environment.askAPIServer(
                .node, .post, "/apis/authentication.k8s.io/v1/tokenreviews", ProbeToken.review(probe(issuer))))
    }

    func askWebhook(_ issuer: String) -> ProbeToken.Finding {
        ProbeToken.finding(environment.askWebhook(files.root + NodePath.kubeconfig, ProbeToken.review(probe(issuer))))
    }

    private func probe(_ issuer: String) -> String {
        probes += 1
        return ProbeToken.make(issuer: issuer, number: environment.now().secondsSinceEpoch &* 1000 &+ probes)
    }
}

extension InstallationPlan {
    /// An issuer that the webhook accepts.
    var issuer: String { configuration.tenants.first?.trust.issuer(.v2) ?? "" }
}

extension Installer {
    /// The node's configuration; nil if there is none or it cannot be read.
    var nodeConfiguration: LoadedConfiguration? {
        guard let text = (try? files.content(NodePath.configuration)).flatMap({ $0 }) else { return nil }
        return try? ConfigurationLoader.parse(text, path: files.root + NodePath.configuration)
    }

    /// Whether there is a configuration that cannot be used.
    var isConfigurationDamaged: Bool { nodeConfiguration == nil && files.exists(NodePath.configuration) }

    /// An issuer that the webhook accepts. With a damaged configuration it keeps the last good one.
    var nodeIssuer: String { knownIssuer ?? "https://sts.windows.net/" }

    /// The same; nil if it is not known.
    var knownIssuer: String? {
        nodeConfiguration?.configuration.tenants.first?.trust.issuer(.v2) ?? journal?.issuer
    }
}
