/// A comment that suppresses a lint rule: `# kube-entra:allow RULE reason`.
public struct LintSuppression: Hashable, Sendable {
    /// The line of the comment.
    public var line: Int
    /// The line to which it applies: its own line, or the first line below a block of comments.
    public var target: Int
    /// The ID of the rule, as written; it may be unknown.
    public var rule: String
    /// Why the rule is suppressed.
    public var reason: String
}

extension LintSuppression {
    private static let mark = "kube-entra:allow"

    /// All comments of a file in order. One line may have several.
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
        // A comment starts after the first #; each further # may start another suppression.
        let comments = line.split(separator: UInt8(ascii: "#"), omittingEmptySubsequences: false).dropFirst()
        return comments.compactMap { comment in
            let words = String(decoding: comment, as: UTF8.self).split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard words.count >= 2, words[0] == mark else { return nil }
            return LintSuppression(
                line: number, target: number, rule: String(words[1]), reason: words.dropFirst(2).joined(separator: " "))
        }
    }
}
