/// A comment that silences a lint rule: `# kube-entra:allow RULE reason`.
public struct LintSuppression: Hashable, Sendable {
    /// Where the comment stands.
    public var line: Int
    /// The line that it is about: its own, or the first one below comments that have lines for themselves.
    public var target: Int
    public var rule: String
    public var reason: String
}

extension LintSuppression {
    private static let mark = "kube-entra:allow"

    /// All of a file's, in its order. One line may hold several.
    static func all(in bytes: [UInt8]) -> [LintSuppression] {
        var allowances: [LintSuppression] = []
        var waiting = 0
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let isComment = line.first { $0 != UInt8(ascii: " ") } == UInt8(ascii: "#")
            allowances += found(in: line, number: index + 1)
            guard !isComment else { continue }
            for place in waiting..<allowances.count { allowances[place].target = index + 1 }
            waiting = allowances.count
        }
        return allowances
    }

    private static func found(in line: some BidirectionalCollection<UInt8>, number: Int) -> [LintSuppression] {
        // Before the first # there is no comment; behind it each # may begin another allowance.
        let comments = line.split(separator: UInt8(ascii: "#"), omittingEmptySubsequences: false).dropFirst()
        return comments.compactMap { comment in
            let words = String(decoding: comment, as: UTF8.self).split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard words.count >= 2, words[0] == mark else { return nil }
            return LintSuppression(
                line: number, target: number, rule: String(words[1]), reason: words.dropFirst(2).joined(separator: " "))
        }
    }
}
