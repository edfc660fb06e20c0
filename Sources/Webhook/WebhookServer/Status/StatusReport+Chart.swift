import Entra

extension StatusReport {
    /// The meaning of one colour in the chart.
    private struct Series {
        /// The CSS class of its bars.
        var style: String
        var name: String
        var count: (DecisionHistory.Minute) -> Int
    }

    /// Number of reasons with a colour of their own; the others share one.
    private static let namedReasons = 5

    /// Accepted, then the most frequent reasons, then all others.
    private var chartSeries: [Series] {
        let reasons = total.byReason.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
        var series = [Series(style: "accepted", name: "accepted") { $0.accepted }]
        for (index, reason) in reasons.prefix(Self.namedReasons).enumerated() {
            series.append(Series(style: "s\(index + 1)", name: reason.code) { $0.byReason[reason, default: 0] })
        }
        let others = reasons.dropFirst(Self.namedReasons)
        if !others.isEmpty {
            series.append(
                Series(style: "others", name: "other reasons") { minute in
                    others.reduce(0) { $0 + minute.byReason[$1, default: 0] }
                })
        }
        return series
    }

    /// Decisions by reason: one column a minute, accepted ones at the bottom.
    var chart: String {
        let series = chartSeries
        let minutes = history.recentMinutes
        let most = max(1, minutes.map { $0.accepted + $0.byReason.values.reduce(0, +) }.max() ?? 1)
        var bars = ""
        for (index, minute) in minutes.enumerated() {
            var top = 100.0
            for part in series {
                let count = part.count(minute)
                guard count > 0 else { continue }
                let height = Double(count) * 96 / Double(most)
                top -= height
                bars += "<rect class=\"\(part.style)\" x=\"\(index * 20 + 2)\" y=\"\(Self.rounded(top))\" width=\"16\""
                bars += " height=\"\(Self.rounded(height))\"><title>\(count) \(part.name)</title></rect>"
            }
        }
        let legend = series.map { "<span class=\"\($0.style)\">\($0.name)</span>" }.joined()
        return """
            <figure>
            <svg viewBox="0 0 300 101" preserveAspectRatio="none" role="img" \
            aria-label="Decisions by minute and reason, at most \(most) in a minute">\
            \(bars)<line x1="0" y1="100.5" x2="300" y2="100.5"/></svg>
            <figcaption><span>15 minutes ago</span><span>at most \(most) in a minute</span><span>now</span></figcaption>
            <p class="legend">\(legend)</p>
            </figure>
            """
    }
}
