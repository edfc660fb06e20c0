public import Jansson
import SafeText

extension PolicySuiteResult {
    /// Failures for people, each with the expected and the actual value; empty if there are none.
    public var text: String { PrintableText.page(lines) }

    /// The lines of ``text``.
    var lines: [String] {
        var lines: [String] = []
        for one in cases where !one.isPassed {
            lines.append("FAILED  \(path):\(one.line): \(PrintableText.whole(one.name))")
            for mismatch in one.mismatches {
                lines.append("        \(mismatch.field): expected \(PrintableText.whole(mismatch.expected))")
                let margin = String(repeating: " ", count: mismatch.field.utf8.count)
                lines.append("        \(margin)  actual   \(PrintableText.whole(mismatch.actual))")
            }
        }
        return lines
    }

    /// All cases for programs.
    public var json: JSON {
        .object([
            ("file", .string(path)),
            ("passed", .integer(Int64(cases.count - failedCount))),
            ("failed", .integer(Int64(failedCount))),
            (
                "tests",
                .array(
                    cases.map { one in
                        .object([
                            ("name", .string(one.name)), ("line", .integer(Int64(one.line))),
                            ("passed", .bool(one.isPassed)),
                            ("failures", .array(one.mismatches.map { JSON($0) })),
                        ])
                    })
            ),
        ])
    }
}

extension JSON {
    fileprivate init(_ mismatch: PolicyMismatch) {
        self = .object([
            ("field", .string(mismatch.field)), ("expected", .string(mismatch.expected)),
            ("actual", .string(mismatch.actual)),
        ])
    }
}

/// Results in JUnit's XML, which continuous-integration systems read.
public enum JUnitReport {
    /// One document for all suites.
    public static func render(_ suites: [PolicySuiteResult]) -> String {
        let tests = suites.reduce(0) { $0 + $1.cases.count }
        let failures = suites.reduce(0) { $0 + $1.failedCount }
        var xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        xml += "<testsuites tests=\"\(tests)\" failures=\"\(failures)\" errors=\"0\">\n"
        for suite in suites {
            xml += "  <testsuite name=\"\(escaped(suite.path))\" tests=\"\(suite.cases.count)\""
            xml += " failures=\"\(suite.failedCount)\" errors=\"0\" skipped=\"0\">\n"
            for one in suite.cases {
                xml += "    <testcase classname=\"\(escaped(suite.path))\" name=\"\(escaped(one.name))\""
                guard !one.isPassed else {
                    xml += "/>\n"
                    continue
                }
                let fields = one.mismatches.map(\.field).joined(separator: ", ")
                let details = one.mismatches.map { "\($0.field): expected \($0.expected), actual \($0.actual)" }
                xml += ">\n      <failure type=\"expectation\" message=\"\(fields)\">"
                xml += escaped(details.joined(separator: "\n")) + "</failure>\n    </testcase>\n"
            }
            xml += "  </testsuite>\n"
        }
        return xml + "</testsuites>\n"
    }

    /// XML 1.0 cannot represent most control characters; a question mark replaces them.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\n": escaped += "&#10;"
            case "\t": escaped += "&#9;"
            default:
                let isAllowed = scalar.value >= 32 && scalar.value != 0xFFFE && scalar.value != 0xFFFF
                escaped.unicodeScalars.append(isAllowed ? scalar : "?")
            }
        }
        return escaped
    }
}
