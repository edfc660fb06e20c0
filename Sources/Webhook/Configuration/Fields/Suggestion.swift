/// Guesses the name that was meant.
public enum Suggestion {
    /// The nearest known name; nil if none is near enough.
    public static func best(for name: String, among known: [String]) -> String? {
        let wanted = Array(name.lowercased().utf8)
        let scored = known.map { ($0, distance(wanted, Array($0.lowercased().utf8))) }
        guard let best = scored.min(by: { $0.1 < $1.1 }) else { return nil }
        return best.1 <= max(2, min(wanted.count, best.0.utf8.count) / 3) && best.1 < wanted.count ? best.0 : nil
    }

    /// The Damerau-Levenshtein distance with adjacent transpositions.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard left.count <= 128, right.count <= 128 else { return Int.max / 2 }
        var beforePrevious = [Int](repeating: 0, count: right.count + 1)
        var previous = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for column in 0..<right.count {
                let cost = left[row] == right[column] ? 0 : 1
                var best = min(previous[column + 1] + 1, current[column] + 1, previous[column] + cost)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
