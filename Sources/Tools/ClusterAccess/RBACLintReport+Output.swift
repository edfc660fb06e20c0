public import Configuration
public import Jansson
import RBAC
import SafeText
public import Terminal

extension RBACLintReport {
    /// The findings for programs.
    public var json: JSON {
        .object([
            (
                "findings",
                .array(
                    findings.map { finding in
                        .object([
                            ("rule", .string(finding.rule.rawValue)), ("severity", .string(finding.severity.rawValue)),
                            ("binding", JSON(finding.binding)),
                            (
                                "subject",
                                finding.subject.map {
                                    .object([("kind", .string($0.kind.rawValue)), ("name", .string($0.name))])
                                } ?? .null
                            ),
                            ("message", .string(finding.message)), ("hint", .string(finding.hint)),
                        ])
                    })
            ),
            ("input", input.json),
        ])
    }

    /// The findings for people.
    public func text(_ names: DirectoryNames) -> String {
        var lines: [String] = []
        for finding in findings {
            let place = finding.place.map { "\(PrintableText.clean($0.description, maximum: 400)): " } ?? ""
            let binding = finding.binding.map { "\(PrintableText.clean($0.description, maximum: 300)): " } ?? ""
            lines.append(
                "\(place)\(finding.severity.rawValue): \(binding)\(names.annotate(finding.message)) [\(finding.rule.rawValue)]"
            )
            lines.append("  → \(finding.hint)")
        }
        lines.append(summary)
        return PrintableText.page(lines)
    }

    private var summary: String {
        "\(count(bindingCount, "binding")), \(count(warningCount, "warning")),"
            + " \(count(findings.count - warningCount, "notice"))"
            + (silenced > 0 ? "; \(silenced) silenced" : "")
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    /// The findings for a pull request.
    public func markdown(_ names: DirectoryNames) -> String {
        guard !findings.isEmpty else { return "### kube-entra rbac lint\n\nNothing found: \(summary)." }
        var table = MarkdownTable(["", "rule", "binding", "what", "what to do"])
        for finding in findings {
            table.add([
                finding.severity == .warning ? "⚠" : "ℹ", finding.rule.rawValue, finding.binding?.description ?? "",
                names.annotate(finding.message), finding.hint,
            ])
        }
        return "### kube-entra rbac lint\n\n\(summary)\n\n" + table.text
    }

    /// The findings for code scanners.
    ///
    /// - Parameter version: the program's version.
    public func sarif(version: String) -> SARIFLog {
        SARIFLog(
            version: version,
            rules: RBACLintRule.allCases.map { rule in
                SARIFLog.Rule(
                    id: rule.rawValue, purpose: rule.purpose, level: rule == .upnCanBeGivenAgain ? .note : .warning)
            },
            results: findings.map { finding in
                SARIFLog.Result(
                    ruleID: finding.rule.rawValue, level: finding.severity == .warning ? .warning : .note,
                    message: "\(finding.message) → \(finding.hint)",
                    place: finding.place.flatMap {
                        $0.file == "standard input" ? nil : ($0.file, $0.line, $0.column)
                    },
                    subject: finding.binding?.description ?? finding.subject.map { "\($0.kind.rawValue) \($0.name)" })
            })
    }
}

extension RBACLintReport {
    /// The rule of roles and bindings that are no findings of the linter, in SARIF.
    public static let invalid = SARIFLog.Rule(
        id: "rbac-invalid", purpose: "roles and bindings cannot be read", level: .error)

    /// For code scanners, why nothing could be checked; nil if the error is not about the files.
    ///
    /// - Parameter version: the program's version.
    public static func sarif(of error: any Error, version: String) -> SARIFLog? {
        let results: [SARIFLog.Result]
        switch error {
        case let error as ClusterError:
            let place = error.file == "standard input" ? nil : (error.file, error.line ?? 1, error.column ?? 1)
            results = [
                SARIFLog.Result(ruleID: invalid.id, level: .error, message: error.message, place: place)
            ]
        case let error as ConfigurationError:
            results = error.problems.map { problem in
                SARIFLog.Result(
                    ruleID: ConfigurationReport.invalid.id, level: .error,
                    message: (problem.field.isEmpty ? "" : "\(problem.field): ") + problem.message
                        + (problem.hint.map { " → " + $0 } ?? ""),
                    place: (problem.file, problem.line, problem.column),
                    subject: problem.field.isEmpty ? nil : problem.field)
            }
        default: return nil
        }
        return SARIFLog(version: version, rules: [invalid, ConfigurationReport.invalid], results: results)
    }

    /// The findings in one of the command's formats.
    ///
    /// - Parameter version: the program's version, for SARIF.
    public func formatted(as format: LintFormat, _ names: DirectoryNames, version: String) -> FormattedResult {
        switch format {
        case .text: .text(text(names))
        case .json: .json(json)
        case .markdown: .text(markdown(names))
        case .sarif: .json(sarif(version: version).json)
        }
    }
}
