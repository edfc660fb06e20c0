public import Configuration
import EntraTokens
public import Inspection
public import Jansson
public import Terminal
public import Timestamps

/// The result of `inspect`: everything that can be said about one token.
public struct TokenInspection {
    private let report: InspectionReport
    private let displayNames: DirectoryNames
    private let isRedacted: Bool
    /// What people should know about the display names.
    public let notes: [String]

    /// Checks a token.
    ///
    /// - Parameters:
    ///   - settings: nil to accept what the token itself says.
    ///   - keys: a file with signing keys; nil for the configuration's.
    ///   - isPast: whether `now` was chosen, which the report says.
    ///   - isRedacted: whether names, addresses and IDs are replaced.
    /// - Throws: `CommandFailure` if the keys cannot be used.
    public init(
        _ input: TokenInput, settings: WebhookConfiguration?, keys: String?, now: Timestamp, isPast: Bool,
        isRedacted: Bool
    ) throws {
        var (snapshot, remarks) = try TokenInspection.keys(keys, settings, input: input, now: now)
        if isPast { remarks.append("judged as of \(now.rfc3339)") }
        report = InspectionReport(input, settings: settings?.authentication, keys: snapshot, now: now, notes: remarks)
        self.isRedacted = isRedacted
        (displayNames, notes) =
            isRedacted ? (DirectoryNames(), []) : settings.map { DirectoryNames.ofPeople($0) } ?? (DirectoryNames(), [])
    }

    /// The keys for the checks, and remarks about them.
    private static func keys(
        _ path: String?, _ settings: WebhookConfiguration?, input: TokenInput, now: Timestamp
    ) throws -> (KeySnapshot?, [String]) {
        if let path {
            let trusts = settings?.tenants.map(\.trust) ?? InspectionReport.inferredTenants(input)
            return (try OfflineKeys.read(path, tenants: trusts), [])
        }
        return settings.map { OfflineKeys.configured($0, now: now) } ?? (nil, [])
    }

    /// Whether the webhook would accept the token.
    public var isAccepted: Bool { report.verdict == .accepted }

    /// The report for people.
    public func text(on page: TerminalWriter, failedOnly: Bool) -> String {
        var redactor = Redactor(report)
        let text = report.text(on: page, failedOnly: failedOnly) { isRedacted ? redactor.redact($0) : $0 }
        return displayNames.annotate(text)
    }

    /// The report for programs.
    public var json: JSON {
        var redactor = Redactor(report)
        return isRedacted ? redactor.redacted(report) : report.json
    }
}
