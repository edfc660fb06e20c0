public import EntraTokens
public import Jansson
public import Terminal

/// The long explanation of a reason: what it means, usual causes, and how and where each is put right.
public struct ReasonExplanation: Sendable {
    public let reason: RefusalReason
    public let meaning: String
    /// Usual causes, the most frequent first.
    public let causes: [String]
    /// What to do, in the order in which to try it.
    public let fixes: [String]
    /// Where in the Entra admin center to look; nil for what is not Entra's.
    public let portal: String?

    public init(_ reason: RefusalReason) {
        let parts = ReasonExplanation.parts(reason)
        self.reason = reason
        (meaning, causes, fixes, portal) = (parts.meaning, parts.causes, parts.fixes, parts.portal)
    }

    /// For a person, at most 80 columns.
    public func text(on page: TextPage = TextPage(color: false)) -> String {
        var lines = [reason.code, ""]
        lines += page.wrapped(reason.sentence.prefix(1).uppercased() + reason.sentence.dropFirst() + ".")
        lines.append("")
        lines += page.wrapped(meaning)
        lines += ["", "Usual causes:"]
        for cause in causes { lines += page.wrapped("- " + cause, indent: 2, hanging: 2) }
        lines += ["", "What to do:"]
        for fix in fixes { lines += page.wrapped("- " + fix, indent: 2, hanging: 2) }
        if let portal {
            lines += ["", "Where in the Entra admin center (https://entra.microsoft.com):"]
            lines += page.wrapped(portal, indent: 2, hanging: 2)
        }
        lines.append("")
        lines += page.wrapped(
            reason.isForeign
                ? "The API server is told that the token is none of ours, without an error, and remembers that for two"
                    + " minutes."
                : "The API server is told this reason, and writes it into its log.")
        return lines.joined(separator: "\n")
    }

    /// The same as data.
    public var json: JSON {
        .object([
            ("reason", .string(reason.code)), ("message", .string(reason.sentence)), ("hint", .string(reason.hint)),
            ("meaning", .string(meaning)), ("causes", JSON(causes)), ("fixes", JSON(fixes)), ("portal", JSON(portal)),
            ("foreign", .bool(reason.isForeign)),
        ])
    }

    /// The README's troubleshooting table.
    public static var markdownTable: String {
        var lines = ["| reason | what it means | what to do |", "|---|---|---|"]
        for reason in RefusalReason.allCases {
            let cells = [reason.sentence, reason.hint].map {
                $0.split(separator: "<", omittingEmptySubsequences: false).joined(separator: "&lt;")
            }
            lines.append("| `\(reason.code)` | \(cells.joined(separator: " | ")) |")
        }
        return lines.joined(separator: "\n")
    }
}
