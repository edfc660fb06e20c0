public import Jansson

/// Findings in the format of code scanners (SARIF 2.1.0, OASIS), which code review tools show beside the lines.
public struct SARIFLog: Sendable {
    /// How serious a finding is.
    public enum Level: String, Sendable {
        case error
        case warning
        case note
    }

    /// A kind of finding.
    public struct Rule: Sendable {
        /// The stable name of the rule.
        public var id: String
        /// What the rule finds, in one sentence.
        public var purpose: String
        /// How serious its findings are.
        public var level: Level

        public init(id: String, purpose: String, level: Level) {
            self.id = id
            self.purpose = purpose
            self.level = level
        }
    }

    /// One finding.
    public struct Result: Sendable {
        /// The ``Rule/id`` of its rule.
        public var ruleID: String
        /// How serious this finding is.
        public var level: Level
        /// What is wrong, for people.
        public var message: String
        /// Path, line and column, both from 1; nil if the finding is not in a file.
        public var place: (path: String, line: Int, column: Int)?
        /// The name of the thing that it is about, if it has one.
        public var subject: String?
        /// Why somebody suppressed this finding; nil if nobody did.
        public var justification: String?

        public init(
            ruleID: String, level: Level, message: String, place: (path: String, line: Int, column: Int)?,
            subject: String? = nil, justification: String? = nil
        ) {
            self.ruleID = ruleID
            self.level = level
            self.message = message
            self.place = place
            self.subject = subject
            self.justification = justification
        }
    }

    /// The program's version.
    public var version: String
    /// All rules, with or without findings.
    public var rules: [Rule]
    /// The findings in the order of the report.
    public var results: [Result]

    /// - Parameter version: the program's version.
    public init(version: String, rules: [Rule], results: [Result]) {
        self.version = version
        self.rules = rules
        self.results = results
    }

    /// The SARIF document.
    public var json: JSON {
        let index = Dictionary(rules.enumerated().map { ($1.id, $0) }) { first, _ in first }
        let driver = JSON.object([
            ("name", "kube-entra"), ("version", .string(version)),
            (
                "rules",
                .array(
                    rules.map { rule in
                        .object([
                            ("id", .string(rule.id)),
                            ("shortDescription", .object([("text", .string(rule.purpose))])),
                            ("defaultConfiguration", .object([("level", .string(rule.level.rawValue))])),
                        ])
                    })
            ),
        ])
        return .object([
            ("$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"),
            ("version", "2.1.0"),
            (
                "runs",
                .array([
                    .object([
                        ("tool", .object([("driver", driver)])), ("columnKind", "unicodeCodePoints"),
                        ("results", .array(results.map { SARIFLog.json($0, ruleIndex: index[$0.ruleID]) })),
                    ])
                ])
            ),
        ])
    }

    private static func json(_ result: Result, ruleIndex: Int?) -> JSON {
        var members: [(String, JSON)] = [("ruleId", .string(result.ruleID))]
        if let ruleIndex { members.append(("ruleIndex", .integer(Int64(ruleIndex)))) }
        members += [
            ("level", .string(result.level.rawValue)), ("message", .object([("text", .string(result.message))])),
        ]
        var location: [(String, JSON)] = []
        if let place = result.place {
            // SARIF counts from 1; a file that could not be read at all has no line.
            let region = JSON.object([
                ("startLine", .integer(Int64(max(1, place.line)))),
                ("startColumn", .integer(Int64(max(1, place.column)))),
            ])
            location.append(
                (
                    "physicalLocation",
                    .object([
                        ("artifactLocation", .object([("uri", .string(reference(place.path)))])), ("region", region),
                    ])
                ))
        }
        if let subject = result.subject {
            location.append(("logicalLocations", .array([.object([("fullyQualifiedName", .string(subject))])])))
        }
        if !location.isEmpty { members.append(("locations", .array([.object(location)]))) }
        if let justification = result.justification {
            members.append(
                (
                    "suppressions",
                    .array([.object([("kind", "inSource"), ("justification", .string(justification))])])
                ))
        }
        return .object(members)
    }

    /// A path as a URI reference (RFC 3986).
    private static func reference(_ path: String) -> String {
        var text = path.utf8.first == UInt8(ascii: "/") ? "file://" : ""
        for byte in path.utf8 {
            let isUnreserved =
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || "/-._~".utf8.contains(byte)
            if isUnreserved {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.utf8.count < 2 ? "0" : "") + digits
            }
        }
        return text
    }
}
