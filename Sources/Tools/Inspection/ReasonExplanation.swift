public import Entra
public import Jansson
public import Terminal

/// The long explanation of a reason, for people and programs. The texts are those of its ``ReasonEntry``.
public struct ReasonExplanation: Sendable {
    /// The explained reason.
    public let reason: RefusalReason

    /// An explanation of this reason.
    public init(_ reason: RefusalReason) { self.reason = reason }

    /// For a person, at most 80 columns.
    public func text(on page: TerminalWriter = TerminalWriter(color: false)) -> String {
        let entry = reason.entry
        var lines = [reason.code, ""]
        lines += page.wrapped(entry.sentence.prefix(1).uppercased() + entry.sentence.dropFirst() + ".")
        lines.append("")
        lines += page.wrapped(entry.meaning)
        lines += ["", "Usual causes:"]
        for cause in entry.causes { lines += page.wrapped("- " + cause, indent: 2, hanging: 2) }
        lines += ["", "What to do:"]
        for fix in entry.fixes { lines += page.wrapped("- " + fix, indent: 2, hanging: 2) }
        if let portal = entry.portal {
            lines += ["", "Where in the Entra admin center (https://entra.microsoft.com):"]
            lines += page.wrapped(portal, indent: 2, hanging: 2)
        }
        lines.append("")
        lines += page.wrapped(whatTheAPIServerHears)
        return lines.joined(separator: "\n")
    }

    private var whatTheAPIServerHears: String {
        if reason.isForeign {
            return "The API server is told that the token is none of ours, without an error, and remembers that for two"
                + " minutes."
        }
        return switch reason.entry.reviews {
        case .tokenOnly: "The API server is told this reason, and writes it into its log."
        case .tokenAndAccess:
            "The API server is told this reason, and writes it into its log. With kube-entra as an authorizer, kubectl shows"
                + " it for a user who is signed in already."
        case .accessOnly:
            "Only kube-entra as an authorizer gives this reason: the API server shows it to the user with \"Forbidden\"."
        }
    }

    /// The explanation for programs.
    public var json: JSON {
        let entry = reason.entry
        return .object([
            ("reason", .string(reason.code)), ("message", .string(entry.sentence)), ("hint", .string(entry.hint)),
            ("meaning", .string(entry.meaning)), ("causes", JSON(entry.causes)), ("fixes", JSON(entry.fixes)),
            ("portal", JSON(entry.portal)), ("foreign", .bool(entry.isForeign)),
        ])
    }

    /// The README's troubleshooting table: the reasons of token reviews, then those of access reviews only.
    public static var markdownTable: String {
        var lines = ["| reason | what it means | what to do |", "|---|---|---|"]
        for reason in RefusalReason.allCases.sorted() {
            let cells = [reason.sentence, reason.hint].map {
                $0.split(separator: "<", omittingEmptySubsequences: false).joined(separator: "&lt;")
            }
            lines.append("| `\(reason.code)` | \(cells.joined(separator: " | ")) |")
        }
        return lines.joined(separator: "\n")
    }
}
