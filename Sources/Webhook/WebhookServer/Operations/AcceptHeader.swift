/// The media types that a client accepts (RFC 9110 section 12.5.1).
struct AcceptHeader {
    /// A representation that the server can send.
    struct Offer {
        /// `type/subtype`, in lower case.
        var mediaType: String
        /// A range that names another version does not match this offer.
        var version: String?
    }

    private struct Range {
        var type: Substring
        var subtype: Substring
        var version: Substring?
        /// The weight in thousandths: 1,000 for `q=1`.
        var quality: Int

        /// How specific the range is for the offer; nil if it does not match.
        func specificity(_ offer: Offer) -> Int? {
            let parts = offer.mediaType.split(separator: "/", maxSplits: 1)
            guard parts.count == 2 else { return nil }
            if type == "*" && subtype == "*" { return 0 }
            guard type == parts[0] else { return nil }
            if subtype == "*" { return 1 }
            guard subtype == parts[1] else { return nil }
            guard let version, let offered = offer.version else { return 2 }
            return version == offered ? 3 : nil
        }
    }

    private var ranges: [Range] = []

    init(_ text: String?) {
        for element in (text ?? "*/*").lowercased().split(separator: ",") {
            let fields = element.split(separator: ";").map(Self.trimmed)
            let sides = (fields.first ?? "").split(separator: "/", omittingEmptySubsequences: false)
            guard sides.count == 2 else { continue }
            var range = Range(type: sides[0], subtype: sides[1], quality: 1000)
            for parameter in fields.dropFirst() {
                let pair = parameter.split(separator: "=", maxSplits: 1).map(Self.trimmed)
                guard pair.count == 2 else { continue }
                if pair[0] == "q" { range.quality = Self.thousandths(pair[1]) }
                if pair[0] == "version" { range.version = pair[1].filter { $0 != "\"" }[...] }
            }
            ranges.append(range)
        }
    }

    /// The position of the offer that the client prefers; among equals, the more specific one, then the first. Nil if
    /// it accepts none.
    func best(of offers: [Offer]) -> Int? {
        var best: (index: Int, quality: Int, specificity: Int)?
        for (index, offer) in offers.enumerated() {
            // The most specific range decides, whatever the others say.
            let matching = ranges.compactMap { range in
                range.specificity(offer).map { (specificity: $0, quality: range.quality) }
            }
            guard let match = matching.max(by: { $0.specificity < $1.specificity }), match.quality > 0 else { continue }
            if let best, (best.quality, best.specificity) >= (match.quality, match.specificity) { continue }
            best = (index, match.quality, match.specificity)
        }
        return best?.index
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " || text.first == "\t" { text = text.dropFirst() }
        while text.last == " " || text.last == "\t" { text = text.dropLast() }
        return text
    }

    /// A weight of at most three decimals; an invalid one counts as 1.
    private static func thousandths(_ text: Substring) -> Int {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = Int(parts[0]), (0...1).contains(whole) else { return 1000 }
        guard parts.count == 2 else { return whole * 1000 }
        let decimals = parts[1].prefix(3)
        guard let value = decimals.isEmpty ? 0 : Int(decimals), value >= 0 else { return 1000 }
        let scale = [1000, 100, 10, 1][decimals.count]
        return min(1000, whole * 1000 + value * scale)
    }
}
