import Terminal
import Testing

@Suite("Tables in Markdown") struct MarkdownTableTests {
    @Test(
        "a cell is text whatever it holds",
        arguments: [
            ("kube-entra:cluster-admins", "kube-entra:cluster-admins"), ("a|b", "a\\|b"),
            // To Swift, a bar and an accent are one character that is no bar.
            ("a |\u{301} b", "a \\|\u{301} b"), ("`\u{301}", "\\`\u{301}"), ("<\u{301}img", "&lt;\u{301}img"),
            ("https://evil.example", "https&#58;//evil.example"), ("a:/b", "a:/b"),
            ("www.evil.example", "&#119;ww.evil.example"), ("WWw.x", "&#87;Ww.x"), ("www", "www"), ("@ada", "&#64;ada"),
        ])
    func cell(_ text: String, _ escaped: String) {
        #expect(MarkdownTable.escaped(text).utf8.elementsEqual(escaped.utf8))
    }
}
