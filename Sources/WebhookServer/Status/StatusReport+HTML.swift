import EntraTokens
import Timestamps

extension StatusReport {
    /// For a browser: one page, no assets from elsewhere, no script.
    var html: String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>kube-entra status</title>
        <link rel="icon" href="data:,">
        <style>\(Self.style)</style>
        </head>
        <body>
        <header>
        <h1>kube-entra</h1>
        <p class="state \(isReady ? "good" : "bad")">\(isReady ? "Ready" : "Not ready")</p>
        </header>
        \(failures)
        <dl>\(facts.map { "<div><dt>\(Self.escaped($0.name))</dt><dd>\(Self.escaped($0.value))</dd></div>" }.joined())</dl>
        <h2>Decisions in the last 15 minutes</h2>
        \(chart)
        \(Self.table(Self.reasonColumns, reasonRows))
        <h2>Tenants</h2>
        \(Self.table(Self.tenantColumns, tenantRows))
        <h2>Certificates</h2>
        \(Self.table(Self.certificateColumns, certificateRows))
        <h2>Latest refusals</h2>
        \(Self.table(Self.refusalColumns, refusalRows))
        <footer>\(Self.escaped(now.rfc3339))</footer>
        </body>
        </html>

        """
    }

    private var failures: String {
        let failed = readiness.compactMap { line in
            line.failure.map { "<li>\(Self.escaped(line.name)): \(Self.escaped($0))</li>" }
        }
        return failed.isEmpty ? "" : "<ul class=\"failures\">\(failed.joined())</ul>"
    }

    /// One column a minute: accepted at the bottom, then refused, then foreign.
    private var chart: String {
        let columns = history.recentMinutes.map { minute in
            let foreign = minute.byReason.filter(\.key.isForeign).values.reduce(0, +)
            return (minute.accepted, minute.byReason.values.reduce(0, +) - foreign, foreign)
        }
        let most = max(1, columns.map { $0.0 + $0.1 + $0.2 }.max() ?? 1)
        var bars = ""
        for (index, column) in columns.enumerated() {
            var top = 100.0
            for (name, count) in [("accepted", column.0), ("refused", column.1), ("foreign", column.2)] where count > 0
            {
                let height = Double(count) * 96 / Double(most)
                top -= height
                bars += "<rect class=\"\(name)\" x=\"\(index * 20 + 2)\" y=\"\(Self.rounded(top))\" width=\"16\""
                bars += " height=\"\(Self.rounded(height))\"><title>\(count) \(name)</title></rect>"
            }
        }
        return """
            <figure>
            <svg viewBox="0 0 300 101" preserveAspectRatio="none" role="img" \
            aria-label="Decisions by minute, at most \(most) in a minute">\
            \(bars)<line x1="0" y1="100.5" x2="300" y2="100.5"/></svg>
            <figcaption><span>15 minutes ago</span><span>at most \(most) in a minute</span><span>now</span></figcaption>
            <p class="legend"><span class="accepted">accepted</span><span class="refused">refused</span>\
            <span class="foreign">foreign</span></p>
            </figure>
            """
    }

    private static func table(_ columns: [String], _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "<p class=\"none\">none</p>" }
        let head = columns.map { "<th scope=\"col\">\($0)</th>" }.joined()
        let body = rows.map { row in
            "<tr>" + zip(columns, row).map { "<td data-label=\"\($0)\">\(escaped($1))</td>" }.joined() + "</tr>"
        }
        return "<table><thead><tr>\(head)</tr></thead><tbody>\(body.joined(separator: "\n"))</tbody></table>"
    }

    private static func rounded(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
        return result
    }

    // On narrow screens each row becomes a card, so that nothing scrolls sideways.
    private static let style = """
        :root{color-scheme:light dark;--text:#1b1f24;--muted:#57606a;--ground:#fff;--card:#f6f8fa;--line:#d0d7de;\
        --accepted:#1a7f37;--refused:#cf222e;--foreign:#8c959f}
        @media(prefers-color-scheme:dark){:root{--text:#e6edf3;--muted:#9198a1;--ground:#0d1117;--card:#161b22;\
        --line:#30363d;--accepted:#3fb950;--refused:#f85149;--foreign:#6e7681}}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:1rem;max-width:80rem;font:15px/1.5 system-ui,sans-serif;color:var(--text);\
        background:var(--ground)}
        header{display:flex;align-items:center;gap:1rem;flex-wrap:wrap}
        h1{font-size:1.5rem;margin:0}
        h2{font-size:1.1rem;margin:2rem 0 .5rem}
        .state{margin:0;padding:.1rem .7rem;border-radius:1rem;color:var(--ground);font-weight:600}
        .good{background:var(--accepted)}
        .bad{background:var(--refused)}
        .failures{color:var(--refused)}
        dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));gap:.5rem}
        dl div{background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.4rem .7rem}
        dt{color:var(--muted);font-size:.85rem}
        dd{margin:0;overflow-wrap:anywhere}
        figure{margin:0}
        svg{width:100%;height:8rem;display:block}
        svg line{stroke:var(--line)}
        rect.accepted{fill:var(--accepted)}
        rect.refused{fill:var(--refused)}
        rect.foreign{fill:var(--foreign)}
        figcaption{display:flex;justify-content:space-between;color:var(--muted);font-size:.85rem}
        .legend{display:flex;gap:1rem;margin:.3rem 0 1rem;font-size:.85rem}
        .legend span::before{content:"";display:inline-block;width:.7em;height:.7em;border-radius:.15em;\
        margin-right:.4em}
        .legend .accepted::before{background:var(--accepted)}
        .legend .refused::before{background:var(--refused)}
        .legend .foreign::before{background:var(--foreign)}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
        th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:break-word;\
        vertical-align:top}
        th{color:var(--muted);font-weight:600;font-size:.85rem}
        .none,footer{color:var(--muted)}
        footer{margin-top:2rem;font-size:.85rem}
        @media(max-width:40rem){thead{display:none}tr{display:block;background:var(--card);\
        border:1px solid var(--line);border-radius:.4rem;margin-bottom:.5rem}\
        td{display:flex;gap:.6rem;border:0;padding:.2rem .7rem;overflow-wrap:anywhere}td:empty{display:none}\
        td::before{content:attr(data-label);color:var(--muted);flex:0 0 7rem;font-size:.85rem}}
        """
}
