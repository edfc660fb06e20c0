/// The difference of two texts, in the format of `diff -u` and `patch`.
public enum UnifiedDiff {
    private enum Line {
        case same(Substring)
        case removed(Substring)
        case added(Substring)
    }

    /// Empty if the texts are the same.
    public static func render(
        old: String, new: String, oldName: String, newName: String, context: Int = 3
    ) -> String {
        guard old != new || !old.utf8.elementsEqual(new.utf8) else { return "" }
        let lines = compare(split(old), split(new))
        let changed = lines.indices.filter { if case .same = lines[$0] { false } else { true } }
        var hunks: [Range<Int>] = []
        for index in changed {
            let range = max(0, index - context)..<min(lines.count, index + context + 1)
            if let last = hunks.last, last.upperBound >= range.lowerBound {
                hunks[hunks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                hunks.append(range)
            }
        }
        return "--- \(oldName)\n+++ \(newName)\n" + hunks.map { render(lines, $0) }.joined()
    }

    private static func render(_ lines: [Line], _ hunk: Range<Int>) -> String {
        func count(_ range: Range<Int>) -> (old: Int, new: Int) {
            range.reduce(into: (old: 0, new: 0)) { count, index in
                switch lines[index] {
                case .same: count = (count.old + 1, count.new + 1)
                case .removed: count.old += 1
                case .added: count.new += 1
                }
            }
        }
        func place(_ before: Int, _ count: Int) -> String { "\(count == 0 ? before : before + 1),\(count)" }
        let before = count(0..<hunk.lowerBound)
        let inside = count(hunk)
        var text = "@@ -\(place(before.old, inside.old)) +\(place(before.new, inside.new)) @@\n"
        for index in hunk {
            let (sign, line) =
                switch lines[index] {
                case .same(let line): (" ", line)
                case .removed(let line): ("-", line)
                case .added(let line): ("+", line)
                }
            text += sign + line
            if line.utf8.last != UInt8(ascii: "\n") { text += "\n\\ No newline at end of file\n" }
        }
        return text
    }

    /// Lines with their endings.
    private static func split(_ text: String) -> [Substring] {
        var lines: [Substring] = []
        var start = text.startIndex
        while start < text.endIndex {
            let end = text.utf8[start...].firstIndex(of: UInt8(ascii: "\n")).map { text.utf8.index(after: $0) }
            lines.append(text[start..<(end ?? text.endIndex)])
            start = end ?? text.endIndex
        }
        return lines
    }

    /// Kept, removed and added lines, by the longest common subsequence. Equal lines at both ends are set aside first.
    private static func compare(_ old: [Substring], _ new: [Substring]) -> [Line] {
        func isSame(_ one: Substring, _ other: Substring) -> Bool { one.utf8.elementsEqual(other.utf8) }
        var start = 0
        while start < old.count, start < new.count, isSame(old[start], new[start]) { start += 1 }
        var end = 0
        while end < old.count - start, end < new.count - start,
            isSame(old[old.count - 1 - end], new[new.count - 1 - end])
        { end += 1 }
        let a = Array(old[start..<(old.count - end)])
        let b = Array(new[start..<(new.count - end)])
        var lengths = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
        for i in a.indices.reversed() {
            for j in b.indices.reversed() {
                lengths[i][j] =
                    isSame(a[i], b[j]) ? lengths[i + 1][j + 1] + 1 : max(lengths[i + 1][j], lengths[i][j + 1])
            }
        }
        var middle: [Line] = []
        var (i, j) = (0, 0)
        while i < a.count || j < b.count {
            if i < a.count, j < b.count, isSame(a[i], b[j]) {
                middle.append(.same(a[i]))
                (i, j) = (i + 1, j + 1)
            } else if i < a.count, j == b.count || lengths[i + 1][j] >= lengths[i][j + 1] {
                middle.append(.removed(a[i]))
                i += 1
            } else {
                middle.append(.added(b[j]))
                j += 1
            }
        }
        return old[..<start].map(Line.same) + middle + old[(old.count - end)...].map(Line.same)
    }
}
