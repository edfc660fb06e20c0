internal import AccessPolicy
internal import Addresses
internal import EntraTokens
internal import Timestamps

/// Looks for what works and is unwise.
public struct ConfigurationLinter {
    let loaded: LoadedConfiguration
    let facts: LintFacts
    private var findings: [LintFinding] = []

    var configuration: WebhookConfiguration { loaded.configuration }

    private init(_ loaded: LoadedConfiguration, facts: LintFacts) {
        self.loaded = loaded
        self.facts = facts
    }

    /// All findings in the order of the file, those that a comment silences included.
    public static func findings(in loaded: LoadedConfiguration, facts: LintFacts) -> [LintFinding] {
        var linter = ConfigurationLinter(loaded, facts: facts)
        linter.lintServer()
        for (index, tenant) in loaded.configuration.tenants.enumerated() {
            linter.lint(tenant, at: "tenants[\(index)]")
        }
        linter.lintTenantsTogether()
        linter.lintKubernetes()
        linter.lintLimits()
        linter.lintFiles()
        linter.lintAllowances()
        return linter.silenced().sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    mutating func add(_ rule: LintRule, _ field: String, _ message: String, _ advice: String) {
        let position = position(field)
        findings.append(
            LintFinding(
                rule: rule, field: field, line: position.line, column: position.column, message: message, advice: advice
            ))
    }

    /// Where the field stands, or else the nearest field around it.
    private func position(_ field: String) -> FieldPosition {
        var path = Substring(field)
        while !path.isEmpty {
            if let position = loaded.positions[String(path)] { return position }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
            path = path[..<end]
        }
        return FieldPosition(line: 1, column: 1)
    }

    // MARK: Server

    private mutating func lintServer() {
        let server = configuration.server
        if server.insecureAllowAnyClient {
            add(
                .anybodyMayAsk, "server.insecureAllowAnyClient",
                "anybody who reaches the address may have tokens judged",
                "set clientCA, made by `kube-entra certs create`")
        }
        if !server.operations.isLoopback {
            add(
                .operationsArePublic, "server.operations",
                "metrics and status are open to everybody who reaches the address",
                "listen on 127.0.0.1, or close the port to others")
        }
        if let expires = facts.certificateExpires {
            lintExpiry("server.certificate", expires, "make a new one with `kube-entra certs create --renew`")
        }
        if let names = facts.certificateNames {
            let host = server.listen.host
            let isAnyAddress = host == "0.0.0.0" || host == "::"
            if names.isEmpty || (!isAnyAddress && !names.contains { ConfigurationLinter.does($0, stand: host) }) {
                add(
                    .certificateLacksName, "server.certificate",
                    names.isEmpty
                        ? "the certificate names no host, so kube-apiserver cannot accept it"
                        : "the certificate does not name \(host)",
                    "make one with `kube-entra certs create --host \(host)`, or use a named host in the webhook's kubeconfig"
                )
            }
        }
        if let mode = facts.keyFileMode, mode & 0o004 != 0 {
            add(.keyIsReadable, "server.privateKey", "everybody on this host may read the private key", "chmod 600 it")
        }
        if facts.clientCAIsNoCA {
            add(
                .clientCAIsNoCA, "server.clientCA",
                "the file holds no CA certificate, so only callers with one of these very certificates are accepted",
                "name the CA that signed kube-apiserver's client certificate")
        }
        for (field, starts) in facts.certificateStarts.sorted(by: { $0.key < $1.key }) where facts.now < starts {
            add(
                .certificateNotYetValid, field, "the certificate is not valid before \(starts.rfc3339)",
                "compare this host's clock with the one of the host that made it")
        }
        lintOtherFiles()
    }

    /// What is known about the other files.
    private mutating func lintOtherFiles() {
        for (field, expires) in facts.otherCertificates.sorted(by: { $0.key < $1.key }) {
            lintExpiry(field, expires, "replace it by one that is valid for longer")
        }
        for (field, mode) in facts.secretModes.sorted(by: { $0.key < $1.key }) where mode & 0o004 != 0 {
            add(.keyIsReadable, field, "everybody on this host may read this secret", "chmod 600 it")
        }
        for (field, reason) in facts.unusableFiles.sorted(by: { $0.key < $1.key }) {
            add(
                .fileUnusable, field, reason,
                field.hasSuffix("cacheFile")
                    ? "give its folder to the user that the webhook runs as; until then, keys do not survive a restart"
                    : "`serve` starts without it, and reads it again when it is needed")
        }
    }

    private mutating func lintExpiry(_ field: String, _ expires: Timestamp, _ advice: String) {
        guard expires < facts.now.adding(seconds: 30 * 86_400) else { return }
        let verb = expires <= facts.now ? "expired" : "expires"
        add(.certificateExpires, field, "the certificate \(verb) at \(expires.rfc3339)", advice)
    }

    /// Whether a certificate's name stands for the host, by itself or with `*` for its first label.
    private static func does(_ name: String, stand host: String) -> Bool {
        let (name, host) = (name.lowercased(), host.lowercased())
        guard name.hasPrefix("*."), let dot = host.firstIndex(of: ".") else { return name == host }
        return name.dropFirst() == host[dot...]
    }

    // MARK: Kubernetes and limits

    private mutating func lintKubernetes() {
        let kubernetes = configuration.kubernetes
        if !kubernetes.usernamePrefix.isEmpty, "system:".hasPrefix(kubernetes.usernamePrefix) {
            add(
                .prefixCanBeReserved, "kubernetes.usernamePrefix",
                "with this prefix a user name can begin with system:",
                "use a prefix that is not the beginning of system:")
        }
        if kubernetes.adminGroups.isEmpty {
            add(
                .adminGroupsGiveNothing, "kubernetes.adminGroups", "membership in an admin group gives nothing",
                "name the Kubernetes group that is bound to cluster-admin")
        }
        lint(given: kubernetes.adminGroups, "kubernetes", list: "adminGroups")
    }

    private mutating func lintLimits() {
        let limits = configuration.limits
        if limits.bodyBytes < limits.tokenBytes + 1024 {
            add(
                .bodySmallerThanToken, "limits.bodyBytes",
                "a token of tokenBytes does not fit into a body of bodyBytes",
                "make bodyBytes larger than tokenBytes by at least 1024")
        }
        if limits.bytesInFlight < limits.bodyBytes {
            add(
                .bytesInFlightTooFew, "limits.bytesInFlight", "a body of bodyBytes can never be taken in",
                "make bytesInFlight many times bodyBytes")
        }
        let timeouts: [(String, Duration, Duration)] = [
            ("handshakeTimeout", limits.handshakeTimeout, .seconds(2)),
            ("requestTimeout", limits.requestTimeout, .seconds(2)),
            ("idleTimeout", limits.idleTimeout, .seconds(10)),
            ("reviewDeadline", limits.reviewDeadline, .seconds(2)),
        ]
        for (name, value, least) in timeouts where value < least {
            add(
                .timeoutTooShort, "limits.\(name)", "\(DurationText.render(value)) is short for a busy host or network",
                "set it to \(DurationText.render(least)) at least")
        }
        if limits.clockSkew > .seconds(300) {
            add(
                .largeClockSkew, "limits.clockSkew",
                "tokens stay valid for \(DurationText.render(limits.clockSkew)) after they expire",
                "keep the clocks in step and set it to 60s")
        }
        if limits.reviewDeadline > .seconds(25) {
            add(
                .deadlineTooLong, "limits.reviewDeadline", "kube-apiserver gives up after 30 s",
                "set it to 5s: no answer must wait longer")
        }
    }

    // MARK: Comments

    private mutating func lintAllowances() {
        for allowance in loaded.allowances {
            let rule: LintRule = LintRule(rawValue: allowance.rule) == nil ? .allowanceUnknown : .allowanceWithoutReason
            guard rule == .allowanceUnknown || allowance.reason.isEmpty else { continue }
            findings.append(
                LintFinding(
                    rule: rule, field: "", line: allowance.line, column: 1,
                    message: rule == .allowanceUnknown
                        ? "there is no rule of that name" : "this comment silences a rule without a reason",
                    advice: rule == .allowanceUnknown
                        ? "see the list of rules in the README" : "write the reason behind the rule's name"))
        }
    }

    /// A comment silences its rule on the line that it is about, and for fields that are not in the file.
    private func silenced() -> [LintFinding] {
        findings.map { finding in
            var finding = finding
            let isAbsent = loaded.positions[finding.field] == nil
            let allowance = loaded.allowances.first { allowance in
                allowance.rule == finding.rule.rawValue && !allowance.reason.isEmpty
                    && (isAbsent || allowance.target == finding.line)
            }
            finding.allowedBecause = allowance?.reason
            return finding
        }
    }
}
