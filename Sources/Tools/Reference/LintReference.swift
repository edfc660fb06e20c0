import ClusterAccess
import Configuration
import Terminal

/// The rules of the two linters.
enum LintReference {
    static var text: String {
        """
        # Lint rules

        Errors make the exit status 2 and cannot be silenced. Warnings make it 1 with `--strict`. Notices are worth
        knowing. The names are also those of `--output sarif`.

        ## `config check`

        A comment `# kube-entra:allow RULE reason` on the line of a finding, or above it, silences the rule there.


        """
            + Markdown.table(
                ["rule", "severity", "what it finds"],
                LintRule.allCases.map { ["`\($0.rawValue)`", $0.severity.rawValue, $0.purpose] }
                    + [ConfigurationReport.invalid].map { ["`\($0.id)`", $0.level.rawValue, $0.purpose] })
                + """

                ## `rbac lint`

                The annotation `kube-entra.dev/lint-allow: RULE reason` on a binding silences a finding.


                """
            + Markdown.table(
                ["rule", "what it finds"],
                RBACLintRule.allCases.map { ["`\($0.rawValue)`", $0.purpose] }
                    + [RBACLintReport.invalid, ConfigurationReport.invalid].map {
                        ["`\($0.id)`", "an \($0.level.rawValue): \($0.purpose)"]
                    })
    }
}
