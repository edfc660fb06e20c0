import SafeText
import Testing

@Suite struct PrintableTextTests {
    @Test(
        "what a terminal obeys, what turns text around and what nobody sees is replaced",
        arguments: [
            ("escape", "\u{1B}"), ("line end", "\n"), ("delete", "\u{7F}"), ("C1 control", "\u{9B}"),
            ("right-to-left override", "\u{202E}"), ("isolate", "\u{2066}"), ("zero-width space", "\u{200B}"),
            ("zero-width joiner", "\u{200D}"), ("byte order mark", "\u{FEFF}"), ("soft hyphen", "\u{AD}"),
            ("Hangul filler", "\u{3164}"), ("line separator", "\u{2028}"), ("tag", "\u{E0041}"),
            ("combining grapheme joiner", "\u{34F}"), ("Arabic letter mark", "\u{61C}"), ("Braille blank", "\u{2800}"),
            ("variation selector", "\u{FE0F}"), ("interlinear annotation", "\u{FFF9}"),
        ])
    func replaces(name: String, character: String) {
        #expect(PrintableText.clean("a\(character)b") == "a\u{FFFD}b")
        #expect(PrintableText.whole("a\(character)b") == "a\u{FFFD}b")
        #expect(!PrintableText.isVisible("a\(character)b"))
        #expect(PrintableText.firstInvisible(in: "a\(character)b") == character.unicodeScalars.first)
    }

    @Test(
        "letters of any language, signs and pictures stay",
        arguments: ["Zoë", "管理者", "مدير", "a b", "€ 🙂", "e\u{301}"])
    func leaves(text: String) {
        #expect(PrintableText.clean(text) == text)
        #expect(PrintableText.isVisible(text))
        #expect(PrintableText.firstInvisible(in: text) == nil)
    }

    @Test(
        "a name must not hold white space that looks like a space", arguments: ["a\u{A0}b", "a\u{2003}b", "a\u{3000}b"])
    func spaces(name: String) {
        #expect(PrintableText.firstInvisible(in: name) != nil)
        #expect(PrintableText.clean(name) == name)
    }

    @Test("a long text is cut off, and says so")
    func cuts() {
        #expect(PrintableText.clean(String(repeating: "x", count: 130)).utf8.count == 123)
        #expect(PrintableText.whole(String(repeating: "x", count: 130)).utf8.count == 130)
    }

    @Test("characters are named as Unicode names them", arguments: [("\u{200B}", "U+200B"), ("\u{9B}", "U+009B")])
    func codePoints(text: String, name: String) {
        #expect(text.unicodeScalars.first.map(PrintableText.codePoint) == name)
    }

    @Test("lines keep their ends, tabs and the page's colours, and nothing else that a terminal obeys")
    func lines() {
        #expect(PrintableText.lines("a\tb\n\u{1B}[32mgood\u{1B}[0m\n") == "a\tb\n\u{1B}[32mgood\u{1B}[0m\n")
        #expect(
            PrintableText.lines("\u{1B}[8mhidden\u{1B}]0;title\u{7}") == "\u{FFFD}[8mhidden\u{FFFD}]0;title\u{FFFD}")
        #expect(PrintableText.lines("\u{9B}2J\r") == "\u{FFFD}2J\u{FFFD}")
    }

    @Test("a Windows line end stays, and what stands behind it begins a line; another carriage return overwrites one")
    func windowsLines() {
        func shown(_ text: String) -> [UInt8] { Array(PrintableText.lines(text).utf8) }
        #expect(shown("a\r\nb\r\n") == Array("a\r\nb\r\n".utf8))
        #expect(shown("a\r\n::error::b") == Array("a\r\n\u{FFFD}:error::b".utf8))
        #expect(shown("good\rbad\r\r\nx") == Array("good\u{FFFD}bad\u{FFFD}\r\nx".utf8))
    }

    @Test("each element of a page stays one line, without colours")
    func page() {
        #expect(
            PrintableText.page(["a: x\n::error::y\u{1B}[31m\u{202E}", "", "\r\nb"])
                == "a: x\u{FFFD}::error::y\u{FFFD}[31m\u{FFFD}\n\n\u{FFFD}\u{FFFD}b")
    }

    @Test(
        "no line is a command of a CI system, and what only looks like one stays",
        arguments: [
            ("::error::x", "\u{FFFD}:error::x"), ("  ::add-mask::x", "  \u{FFFD}:add-mask::x"),
            ("\u{3000}::debug::x", "\u{3000}\u{FFFD}:debug::x"), ("group ::error::x", "group ::error::x"),
            ("::1", "::1"), ("::", "::"), ("[::1]:8443", "[::1]:8443"), ("a##[error]b", "a\u{FFFD}#[error]b"),
            ("x ##vso[task.complete]", "x \u{FFFD}#vso[task.complete]"),
            ("###[error]", "#\u{FFFD}#[error]"), ("### kube-entra", "### kube-entra"), ("##", "##"), ("#[x]", "#[x]"),
            ("## a [link]", "## a [link]"),
        ])
    func workflowCommands(text: String, shown: String) {
        #expect(PrintableText.line(text) == shown)
        #expect(PrintableText.lines("a\n\(text)\nb") == "a\n\(shown)\nb")
    }

    @Test("JSON means the same with every such character escaped")
    func json() {
        let text = Array("{\"a\u{202E}\":\"\u{9B}é\u{E0041}\"}".utf8)
        #expect(
            String(decoding: PrintableText.escapingJSON(text), as: UTF8.self)
                == #"{"a\u202e":"\u009bé\udb40\udc41"}"#)
        let command = PrintableText.escapingJSON(Array(##"{"a":"x##vso[y]###[z]#"}"##.utf8))
        #expect(
            String(decoding: command, as: UTF8.self) == ##"{"a":"x#\u0023vso[y]#\u0023#[z]#"}"##)
        #expect(PrintableText.escapingJSON(Array("{\"a\":1}".utf8)) == Array("{\"a\":1}".utf8))
    }
}
