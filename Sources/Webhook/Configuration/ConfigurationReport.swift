public import Jansson
public import Terminal

/// The result of `config check` for one file.
public struct ConfigurationReport: Sendable {
    /// The path of the file, as the user wrote it.
    public var file: String
    /// Why `serve` would refuse the file; empty if it would not.
    public var problems: [ConfigurationProblem]
    /// Findings of the linter, suppressed ones included.
    public var findings: [LintFinding]
    /// Whether the files that it names were checked too.
    public var looksAtFiles: Bool

    /// A problem without a place, such as a file that cannot be read, gets the start of the file.
    public init(
        file: String, problems: [ConfigurationProblem], findings: [LintFinding], looksAtFiles: Bool
    ) {
        self.file = file
        // A file that could not be read has no place, but programs expect one.
        self.problems = problems.map { problem in
            var problem = problem
            (problem.line, problem.column) = (max(1, problem.line), max(1, problem.column))
            return problem
        }
        self.findings = findings
        self.looksAtFiles = looksAtFiles
    }

    /// Findings that are not suppressed.
    private var active: [LintFinding] { findings.filter { $0.allowedBecause == nil } }

    /// Number of warnings that are not suppressed.
    public var warningCount: Int { active.count { $0.severity == .warning } }

    /// The result in one line.
    public var summary: String {
        guard problems.isEmpty else {
            return "\(file): not usable, \(problems.count) error\(problems.count == 1 ? "" : "s")"
        }
        return "\(file): usable, \(warningCount) warning\(warningCount == 1 ? "" : "s")"
            + (looksAtFiles ? "" : "; the files that it names were not looked at")
    }

    /// For people and problem matchers: one line for each error and finding, all in the same form. The next line says
    /// what to do, if that is known.
    public var lines: [String] {
        problems.flatMap(\.explanation)
            + active.flatMap { finding in
                let field = finding.field.isEmpty ? "" : "\(finding.field): "
                return [
                    "\(file):\(finding.line):\(finding.column): \(finding.severity.rawValue): \(field)"
                        + "\(finding.message) [\(finding.rule.rawValue)]",
                    "  → \(finding.advice)",
                ]
            }
    }

    /// The report for programs.
    public var json: JSON {
        .object([
            ("file", .string(file)),
            ("usable", .bool(problems.isEmpty)),
            (
                "problems",
                .array(
                    problems.map { problem in
                        .object([
                            ("line", .integer(Int64(problem.line))), ("column", .integer(Int64(problem.column))),
                            ("field", .string(problem.field)), ("message", .string(problem.message)),
                            ("hint", JSON(problem.hint)), ("rule", JSON(problem.rule?.rawValue)),
                        ])
                    })
            ),
            (
                "findings",
                .array(
                    findings.map { finding in
                        .object([
                            ("rule", .string(finding.rule.rawValue)),
                            ("severity", .string(finding.severity.rawValue)),
                            ("line", .integer(Int64(finding.line))), ("column", .integer(Int64(finding.column))),
                            ("field", .string(finding.field)), ("message", .string(finding.message)),
                            ("hint", .string(finding.advice)), ("allowedBecause", JSON(finding.allowedBecause)),
                        ])
                    })
            ),
        ])
    }

    /// The report in Markdown, for a pull request.
    public var markdown: String {
        let head = "### kube-entra config check\n\n\(MarkdownTable.escaped(summary))"
        guard !problems.isEmpty || !active.isEmpty else { return head }
        var table = MarkdownTable(["", "line", "field", "what", "what to do", "rule"])
        for problem in problems {
            table.add([
                "❌", "\(problem.line)", problem.field, problem.message, problem.hint ?? "",
                problem.rule?.rawValue ?? "",
            ])
        }
        for finding in active {
            table.add([
                finding.severity == .notice ? "ℹ" : "⚠", "\(finding.line)", finding.field, finding.message,
                finding.advice, finding.rule.rawValue,
            ])
        }
        return head + "\n\n" + table.text
    }

    /// The rule of problems that are not findings of the linter, in SARIF.
    public static let invalid = SARIFLog.Rule(
        id: "configuration-invalid", purpose: "the configuration cannot be used", level: .error)

    /// For code scanners. Suppressed findings are included and marked.
    ///
    /// - Parameter version: the program's version.
    public func sarif(version: String) -> SARIFLog {
        let rules = LintRule.allCases.map { rule in
            SARIFLog.Rule(id: rule.rawValue, purpose: rule.purpose, level: rule.severity.level)
        }
        let wrong = problems.map { problem in
            SARIFLog.Result(
                ruleID: problem.rule?.rawValue ?? ConfigurationReport.invalid.id, level: .error,
                message: (problem.field.isEmpty ? "" : "\(problem.field): ") + problem.message
                    + (problem.hint.map { " → " + $0 } ?? ""),
                place: (problem.file, problem.line, problem.column),
                subject: problem.field.isEmpty ? nil : problem.field)
        }
        let unwise = findings.map { finding in
            SARIFLog.Result(
                ruleID: finding.rule.rawValue, level: finding.severity.level,
                message: (finding.field.isEmpty ? "" : "\(finding.field): ") + "\(finding.message) → \(finding.advice)",
                place: (file, finding.line, finding.column), subject: finding.field.isEmpty ? nil : finding.field,
                justification: finding.allowedBecause)
        }
        return SARIFLog(version: version, rules: [ConfigurationReport.invalid] + rules, results: wrong + unwise)
    }
}

extension LintRule.Severity {
    fileprivate var level: SARIFLog.Level {
        switch self {
        case .notice: .note
        case .warning: .warning
        case .error: .error
        }
    }
}
