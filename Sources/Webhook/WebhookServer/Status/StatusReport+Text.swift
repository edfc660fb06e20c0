import SafeText

extension StatusReport {
    /// The page as text, for a terminal.
    var text: String {
        var text = "kube-entra: \(isReady ? "ready" : "not ready")\n"
        text += "\nNeeds attention\n"
        for entry in attention {
            text += "  " + Self.padded(entry.level.rawValue, 5) + "  " + PrintableText.whole(entry.sentence) + "\n"
        }
        text += attention.isEmpty ? "  nothing\n\n" : "\n"
        let width = facts.map(\.name.count).max() ?? 0
        for fact in facts { text += Self.padded(fact.name, width) + "  " + PrintableText.whole(fact.value) + "\n" }
        text += Self.table("Tenants", Self.tenantColumns, tenantRows)
        text += Self.table("Certificates", Self.certificateColumns, certificateRows)
        text += Self.table("Decisions in the last 15 minutes", Self.reasonColumns, reasonRows)
        text += Self.table("Turned away without a decision since the start", Self.rejectionColumns, rejectionRows)
        text += Self.table("Latest refusals", Self.refusalColumns, refusalRows)
        return text
    }

    private static func table(_ title: String, _ columns: [String], _ rows: [[String]]) -> String {
        var text = "\n\(title)\n"
        guard !rows.isEmpty else { return text + "  none\n" }
        let all = [columns] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            var line = " "
            for (cell, width) in zip(row, widths) { line += " " + padded(PrintableText.whole(cell), width) + " " }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
