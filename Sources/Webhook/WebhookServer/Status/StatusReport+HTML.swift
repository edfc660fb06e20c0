import Entra
import Timestamps

extension StatusReport {
    /// For a browser: one page without external assets and without scripts.
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
        <h2>Needs attention</h2>
        \(attentionList)
        <dl>\(facts.map { "<div><dt>\(Self.escaped($0.name))</dt><dd>\(Self.escaped($0.value))</dd></div>" }.joined())</dl>
        <h2>Decisions in the last 15 minutes</h2>
        \(chart)
        \(Self.table(Self.reasonColumns, reasonRows))
        <h2>Tenants</h2>
        \(Self.table(Self.tenantColumns, tenantRows))
        <h2>Certificates</h2>
        \(Self.table(Self.certificateColumns, certificateRows))
        <h2>Turned away without a decision since the start</h2>
        \(Self.table(Self.rejectionColumns, rejectionRows))
        <h2>Latest refusals</h2>
        \(Self.table(Self.refusalColumns, refusalRows))
        <footer>\(Self.escaped(now.rfc3339))</footer>
        </body>
        </html>

        """
    }

    private var attentionList: String {
        let entries = attention.map { "<li class=\"\($0.level.rawValue)\">\(Self.escaped($0.sentence))</li>" }
        return entries.isEmpty ? "<p class=\"none\">nothing</p>" : "<ul class=\"attention\">\(entries.joined())</ul>"
    }

    private static func table(_ columns: [String], _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "<p class=\"none\">none</p>" }
        let head = columns.map { "<th scope=\"col\">\($0)</th>" }.joined()
        let body = rows.map { row in
            "<tr>" + zip(columns, row).map { "<td data-label=\"\($0)\">\(escaped($1))</td>" }.joined() + "</tr>"
        }
        return "<table><thead><tr>\(head)</tr></thead><tbody>\(body.joined(separator: "\n"))</tbody></table>"
    }

    static func rounded(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    // On narrow screens each row becomes a card, so that nothing scrolls sideways.
    private static let style = """
        :root{color-scheme:light dark;--text:#1b1f24;--muted:#57606a;--ground:#fff;--card:#f6f8fa;--line:#d0d7de;\
        --accepted:#1a7f37;--refused:#cf222e;--amber:#bf8700;--s1:#d55e00;--s2:#0072b2;--s3:#cc79a7;--s4:#e69f00;--s5:#7048b6;\
        --others:#8c959f}
        @media(prefers-color-scheme:dark){:root{--text:#e6edf3;--muted:#9198a1;--ground:#0d1117;--card:#161b22;\
        --line:#30363d;--accepted:#3fb950;--refused:#f85149;--amber:#d29922;--s1:#f0883e;--s2:#58a6ff;--s3:#e5a3c8;--s4:#f2cc60;\
        --s5:#a98bea;--others:#6e7681}}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:1rem;max-width:80rem;font:15px/1.5 system-ui,sans-serif;color:var(--text);\
        background:var(--ground)}
        header{display:flex;align-items:center;gap:1rem;flex-wrap:wrap}
        h1{font-size:1.5rem;margin:0}
        h2{font-size:1.1rem;margin:2rem 0 .5rem}
        .state{margin:0;padding:.1rem .7rem;border-radius:1rem;color:var(--ground);font-weight:600}
        .good{background:var(--accepted)}
        .bad{background:var(--refused)}
        .attention{list-style:none;margin:0 0 1rem;padding:0}
        .attention li{border-left:.35rem solid;border-radius:.2rem;background:var(--card);padding:.3rem .7rem;\
        margin-bottom:.3rem;overflow-wrap:anywhere}
        .red{border-color:var(--refused)!important}
        .amber{border-color:var(--amber)!important}
        dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(14rem,1fr));gap:.5rem}
        dl div{background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.4rem .7rem}
        dt{color:var(--muted);font-size:.85rem}
        dd{margin:0;overflow-wrap:anywhere}
        figure{margin:0}
        svg{width:100%;height:8rem;display:block}
        svg line{stroke:var(--line)}
        rect{fill:var(--c)}
        .accepted{--c:var(--accepted)}
        .s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}.s5{--c:var(--s5)}
        .others{--c:var(--others)}
        figcaption{display:flex;justify-content:space-between;color:var(--muted);font-size:.85rem}
        .legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;margin:.3rem 0 1rem;font-size:.85rem}
        .legend span::before{content:"";display:inline-block;width:.7em;height:.7em;border-radius:.15em;\
        margin-right:.4em;background:var(--c)}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
        th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:break-word;\
        vertical-align:top}
        th{color:var(--muted);font-weight:600;font-size:.85rem}
        .none,footer{color:var(--muted)}
        footer{margin-top:2rem;font-size:.85rem}
        @media(min-width:40rem){td:first-child{white-space:nowrap}}
        @media(max-width:40rem){thead{display:none}tr{display:block;background:var(--card);\
        border:1px solid var(--line);border-radius:.4rem;margin-bottom:.5rem}\
        td{display:flex;gap:.6rem;border:0;padding:.2rem .7rem;overflow-wrap:anywhere}td:empty{display:none}\
        td::before{content:attr(data-label);color:var(--muted);flex:0 0 7rem;font-size:.85rem}}
        """
}
