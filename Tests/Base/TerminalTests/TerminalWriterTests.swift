import SafeText
import Terminal
import Testing
import Timestamps

@Suite struct TerminalWriterTests {
    @Test(
        "a span of time is said in its two largest units",
        arguments: [
            (0, "0 s"), (89, "89 s"), (90, "1 minute"), (119, "1 minute"), (120, "2 minutes"), (5399, "89 minutes"),
            (5400, "1 h 30 min"), (7200, "2 h"), (7259, "2 h"), (7260, "2 h 1 min"), (172_799, "47 h 59 min"),
            (172_800, "2 days"), (63_072_000, "2 years"), (Int64.max, "292471208677 years"),
        ])
    func spans(seconds: Int64, said: String) {
        #expect(RelativeTime.span(seconds) == said)
    }

    @Test("times are before, now or after")
    func moments() {
        let now = Timestamp(secondsSinceEpoch: 1_800_000_000)
        #expect(RelativeTime.describe(now.adding(seconds: -720), now: now) == "12 minutes ago")
        #expect(RelativeTime.describe(now, now: now) == "now")
        #expect(RelativeTime.describe(now.adding(seconds: 7200), now: now) == "in 2 h")
        #expect(RelativeTime.describe(Timestamp(secondsSinceEpoch: .min), now: now).hasSuffix(" years ago"))
    }

    @Test("line ends and colours of a text do not come through, those of the page do")
    func foreignLines() {
        let page = TerminalWriter(color: true)
        let text = "x\n::error::y\u{1B}[31m"
        let shown = "x\u{FFFD}::error::y\u{FFFD}[31m"
        #expect(page.wrapped(text, style: .good) == ["\u{1B}[32m\(shown)\u{1B}[0m"])
        #expect(page.pair("a\nb", text) == ["a\u{FFFD}b         \(shown)"])
        #expect(page.rule("a\nb").hasPrefix("── a\u{FFFD}b ──"))
    }

    @Test("an address that is too long is broken after a slash, any other word where the line ends")
    func breaks() {
        let id = "11111111-2222-3333-4444-555555555555"
        let page = TerminalWriter(color: false)
        #expect(
            page.pair("issued by", "https://login.microsoftonline.com/\(id)/v2.0")
                == ["issued by   https://login.microsoftonline.com/", "            \(id)/v2.0"])
        #expect(page.wrapped(String(repeating: "x", count: 100)).map(\.count) == [80, 20])
        #expect(page.wrapped(String(repeating: "\u{5B57}", count: 50)).map(\.count) == [40, 10])
    }

    @Test("arrows, rules and colour are for terminals")
    func terminals() {
        let plain = TerminalWriter(color: false)
        #expect(plain.advice("a → b…", indent: 2) == ["  -> a -> b..."])
        #expect(plain.rule("checks").isEmpty)
        let terminal = TerminalWriter(color: true)
        #expect(terminal.advice("a → b…", indent: 2) == ["  → a → b…"])
        #expect(terminal.rule("checks").count == 80)
        #expect(terminal.wrapped("x", style: .bad) == ["\u{1B}[31mx\u{1B}[0m"])
    }

    @Test("what could deceive a reader is replaced")
    func cleans() {
        #expect(PrintableText.clean("a\u{1B}[31m\u{202E}b\u{200B}") == "a\u{FFFD}[31m\u{FFFD}b\u{FFFD}")
        #expect(PrintableText.clean("Zoë 字") == "Zoë 字")
        #expect(PrintableText.clean(String(repeating: "x", count: 121)).count == 121)
        #expect(PrintableText.columns("e\u{301}字") == 3)
    }
}
