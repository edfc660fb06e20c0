import Entra

/// The table, at most 80 columns wide.
struct DemoTable {
    let usesColor: Bool

    private static let nameWidth = 31

    var header: String { header("who signs in") }

    func header(_ first: String) -> String {
        let title = padded(first) + "what kube-apiserver is told"
        return title + "\n" + String(repeating: "-", count: 79)
    }

    func row(_ name: String, _ answer: DemoAnswer, isExpected: Bool, point: String? = nil) -> String {
        var lines: [String]
        switch answer {
        case .accepted(let username, let groups):
            lines = ["yes: \(username)"] + groups.map { "     \($0)" }
            if groups.isEmpty { lines.append("     in no groups") }
        case .refused(let reason):
            lines = ["no:  \(reason)"]
            if let reason = RefusalReason(rawValue: reason) { lines += wrapped(reason.sentence) }
        case .foreign:
            lines = ["no:  not ours", "     (nothing more is said about it)"]
        }
        if let point, isExpected { lines.append("     (\(point))") }
        if !isExpected { lines.append("     NOT AS EXPECTED") }
        let isYes = lines[0].hasPrefix("yes")
        let code = isExpected ? (isYes ? "32" : "33") : "31"
        if usesColor { lines[0] = "\u{1B}[\(code)m\(lines[0])\u{1B}[0m" }
        let indent = String(repeating: " ", count: Self.nameWidth)
        return padded(name) + lines.joined(separator: "\n" + indent)
    }

    private func padded(_ text: String) -> String {
        text + String(repeating: " ", count: max(1, Self.nameWidth - text.count))
    }

    private func wrapped(_ text: String) -> [String] {
        let room = 80 - Self.nameWidth - 5
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= room {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines.map { "     " + $0 }
    }
}
