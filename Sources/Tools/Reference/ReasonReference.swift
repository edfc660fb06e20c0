import Entra

/// Every reason of a refusal, from the table of reasons.
enum ReasonReference {
    static var text: String {
        var text = """
            # Reasons

            If several checks fail, the first reason in this order is reported. A token that is "not ours" is refused without
            a reason in the answer, because it may be another authenticator's. The log, the metrics, `status.error` and all
            commands use the same code.

            """
        for reason in RefusalReason.allCases {
            let entry = reason.entry
            text += "\n## `\(reason.code)`\n\n\(sentence(entry.sentence))\(entry.isForeign ? " Not ours." : "")"
            text += " \(reviews(entry.reviews))\n\n\(entry.meaning)\n"
            text += list("Causes", entry.causes) + list("What helps", entry.fixes)
            if let portal = entry.portal { text += "\nIn Entra: \(portal)\n" }
        }
        return text
    }

    private static func reviews(_ reviews: ReasonEntry.Reviews) -> String {
        switch reviews {
        case .tokenOnly: "In answers to TokenReviews."
        case .tokenAndAccess: "In answers to TokenReviews and SubjectAccessReviews."
        case .accessOnly: "In answers to SubjectAccessReviews."
        }
    }

    private static func list(_ head: String, _ lines: [String]) -> String {
        lines.isEmpty ? "" : "\n\(head):\n\n" + lines.map { "- \($0)\n" }.joined()
    }

    private static func sentence(_ text: String) -> String {
        (text.first?.uppercased() ?? "") + text.dropFirst() + "."
    }
}
