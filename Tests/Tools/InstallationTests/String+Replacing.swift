extension String {
    /// Every occurrence replaced, scalar by scalar.
    func replacingEvery(_ old: String, with new: String) -> String {
        var result = String.UnicodeScalarView()
        let text = Array(unicodeScalars)
        let part = Array(old.unicodeScalars)
        var index = 0
        while index < text.count {
            if text[index...].starts(with: part) {
                result.append(contentsOf: new.unicodeScalars)
                index += part.count
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return String(result)
    }

    /// Replaces the text from one mark up to the next other mark.
    func replacingPart(from start: String, to end: String, with new: String) -> String {
        guard let first = ranges(of: start).first,
            let last = self[first.upperBound...].ranges(of: end).first
        else { return self }
        return String(self[..<first.lowerBound]) + new + self[last.lowerBound...]
    }
}
