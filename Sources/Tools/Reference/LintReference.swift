import ClusterAccess
import Configuration

/// The rules of the two linters.
enum LintReference {
    static var text: String {
        """
        # Lint rules

        Errors cannot be silenced. Warnings make the exit status 1 with `--strict`. Notices are worth knowing.

        ## `config check`

        A comment `# kube-entra:allow RULE reason` on the line of a finding, or above it, silences the rule there.


        """
            + Markdown.table(
                ["rule", "severity", "what it finds"],
                LintRule.allCases.map { ["`\($0.rawValue)`", $0.severity.rawValue, $0.purpose] })
                + """

                ## `rbac lint`

                The annotation `kube-entra.dev/lint-allow: RULE reason` on a binding silences a finding.


                """
            + Markdown.table(
                ["rule", "what it finds"], RBACLintRule.allCases.map { ["`\($0.rawValue)`", $0.purpose] })
    }
}
