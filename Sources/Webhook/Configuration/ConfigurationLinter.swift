import AccessPolicy
import Addresses
import Entra
import SafeText
import Timestamps

/// Finds settings that work but are unwise.
public struct ConfigurationLinter {
    let loaded: LoadedConfiguration
    let facts: LintEnvironment
    private var findings: [LintFinding] = []

    var configuration: WebhookConfiguration { loaded.configuration }

    private init(_ loaded: LoadedConfiguration, facts: LintEnvironment) {
        self.loaded = loaded
        self.facts = facts
    }

    /// All findings in the order of the file, suppressed ones included.
    public static func findings(in loaded: LoadedConfiguration, facts: LintEnvironment) -> [LintFinding] {
        var linter = ConfigurationLinter(loaded, facts: facts)
        linter.lintServer()
        for (index, tenant) in loaded.configuration.tenants.enumerated() {
            linter.lint(tenant, at: "tenants[\(index)]")
        }
        linter.lintTenantsTogether()
        linter.lintFields()
        linter.lintNames()
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

    /// The place of the field, or of the nearest field around it.
    private func position(_ field: String) -> FieldPosition {
        var path = Substring(field)
        while !path.isEmpty {
            if let position = loaded.positions[String(path)] { return position }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
            path = path[..<end]
        }
        return FieldPosition(line: 1, column: 1)
    }

    /// Findings about single fields.
    private mutating func lintFields() {
        let place = LintPlace(path: "", configuration: configuration, facts: facts)
        for finding in WebhookConfiguration.description.lint(configuration, place) {
            add(finding.rule, finding.field, finding.message, finding.advice)
        }
    }

    // MARK: Server

    private mutating func lintServer() {
        let server = configuration.server
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
                    "make one with `kube-entra certs create --host \(ShellWord.quoted(host))`, or use a named host in the webhook's kubeconfig"
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
        if !facts.clientCAIsNoCA, server.allowedClientNames.isEmpty,
            let foreign = facts.sharedClientAuthorities.first
        {
            add(
                .callersAreMany, "server.clientCA",
                "everybody with a client certificate from the CA \"\(foreign)\" may have tokens judged",
                "list kube-apiserver's name in allowedClientNames, or use a CA of the webhook's own"
                    + " (`kube-entra certs create`)")
        }
        for (field, starts) in facts.certificateStarts.sorted(by: { $0.key < $1.key }) where facts.now < starts {
            add(
                .certificateNotYetValid, field, "the certificate is not valid before \(starts.rfc3339)",
                "compare this host's clock with the one of the host that made it")
        }
        lintOtherFiles()
    }

    /// Findings about the other files.
    private mutating func lintOtherFiles() {
        for (field, expires) in facts.otherCertificates.sorted(by: { $0.key < $1.key }) {
            lintExpiry(field, expires, "replace it by one that is valid for longer")
        }
        for (field, hasServer) in facts.filesWithoutCA.sorted(by: { $0.key < $1.key }) {
            add(
                .authorityCAIsNoCA, field,
                hasServer
                    ? "the file holds no CA certificate, so a server is trusted only with one of these very certificates"
                        + ", and no longer when it gets a new one"
                    : "the file holds no CA certificate, so no server is trusted",
                "name the CA that signed the server's certificate")
        }
        for (field, mode) in facts.secretModes.sorted(by: { $0.key < $1.key }) where mode & 0o004 != 0 {
            add(.keyIsReadable, field, "everybody on this host may read this secret", "chmod 600 it")
        }
        for (field, doubt) in facts.doubtfulSecrets.sorted(by: { $0.key < $1.key }) {
            add(
                .secretIsNoSecret, field, "\(doubt): Entra would refuse it when the directory is first asked",
                "put the secret's value there, alone; Entra shows it only once, so make a new secret if it is lost")
        }
        for (field, reason) in facts.unusableFiles.sorted(by: { $0.key < $1.key }) {
            add(
                .fileUnusable, field, reason,
                field.hasSuffix("cacheFile")
                    ? "give its folder to the user that the webhook runs as; until then, keys do not survive a restart"
                    : "`serve` does without it; put it right, or take the field out")
        }
    }

    private mutating func lintExpiry(_ field: String, _ expires: Timestamp, _ advice: String) {
        guard expires < facts.now.adding(seconds: 30 * 86_400) else { return }
        let verb = expires <= facts.now ? "expired" : "expires"
        add(.certificateExpires, field, "the certificate \(verb) at \(expires.rfc3339)", advice)
    }

    /// Whether a name of a certificate covers the host, exactly or with `*` as its first label.
    private static func does(_ name: String, stand host: String) -> Bool {
        let (name, host) = (name.lowercased(), host.lowercased())
        guard name.hasPrefix("*."), let dot = host.firstIndex(of: ".") else {
            return ExactText(name) == ExactText(host)
        }
        return ExactText(String(name.dropFirst())) == ExactText(String(host[dot...]))
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

    /// A comment suppresses its rule on the line that it applies to, and for fields that are not in the file.
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
