import SafeText
import Testing

private let head = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ"
private let claims = "eyJhdWQiOiJhYWFhYWFhYSIsIm9pZCI6IjEifQ"
private let signature = "c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU"
private let token = "\(head).\(claims).\(signature)"

@Suite struct TokenMaskTests {
    @Test(
        "a token is replaced wherever it stands",
        arguments: [
            ("alone", token, "<token>"),
            ("in quotation marks", "Unexpected argument '\(token)'", "Unexpected argument '<token>'"),
            ("in a longer word", "x\(token)y", "x<token>"),
            ("after an equals sign", "--toke=\(token)", "--toke=<token>"),
            ("in a path", "/tmp/\(token)/keys.json: no", "/tmp/<token>/keys.json: no"),
            ("after a percent sign", "%20\(token)", "%20<token>"),
            ("twice", "\(token) \(token)!", "<token> <token>!"),
            ("without its signature", "\(head).\(claims).", "<token>"),
            ("its header alone", head, "<token>"),
            ("its claims alone", "x.\(claims)", "x.<token>"),
            ("its beginning", "\(token.prefix(60))…", "<token>…"),
            ("encrypted, in five parts", "\(head).a2V5LWtleS1rZXk.aXYtaXYtaXYtaXY.dGV4dA.dGFn", "<token>"),
            ("white space after the brace", "eyAiYWxnIjogIm5vbmUiIH0.ewogICJhdWQiOiAiYSIgfQ.c2ln", "<token>"),
            ("over lines", "'\(head).\n  \(claims)\r\n.\(signature)' is no", "'<token>' is no"),
            ("line ends that were made harmless", "\(head)\u{FFFD}.\(claims)\u{FFFD}\(signature): no", "<token>: no"),
            ("line ends that were escaped", "\"\(head)\\n.\(claims)\\r\\n\(signature)\": no", "\"<token>\": no"),
            ("a short last line in quotation marks", "'\(token)\nAbC'\nUsage: inspect", "'<token>'\nUsage: inspect"),
        ])
    func hides(name: String, text: String, expected: String) {
        #expect(TokenMask.hide(text) == expected, "\(name)")
        #expect(TokenMask.hide(text, in: .messages) == expected, "\(name)")
    }

    @Test(
        "what is no token stays as it is",
        arguments: [
            ("nothing", ""), ("a sentence", "the token is none of the webhook's to judge"),
            ("an ID", "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"), ("a name", "eyJuliet.example.com"),
            ("an address", "https://eyJ.login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"),
            ("a host whose name begins so", "ewok-platform-1.something-long.example.com"),
            ("a time", "2026-12-01T00:00:00Z"), ("a SHA-256", String(repeating: "0123456789abcdef", count: 4)),
            ("lines", "user\n  averyveryverylongword\n"),
        ])
    func leaves(name: String, text: String) {
        #expect(TokenMask.hide(text) == text, "\(name)")
        #expect(TokenMask.hide(text, in: .messages) == text, "\(name)")
    }

    @Test("base64 that happens to hold the beginning of one stays in results, and goes in messages")
    func careful() {
        for text in ["LS0tLS1CRUdJTi9eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ", "LS0t/eyJhbGciOiJSUzI1NiIsImtpZCI6"] {
            #expect(TokenMask.hide(text) == text)
            #expect(TokenMask.hide(text, in: .messages) != text)
        }
        let opaque = "0.AXoA" + String(repeating: "Ab3_-", count: 40)
        #expect(TokenMask.hide("Unexpected argument '\(opaque)'", in: .messages) == "Unexpected argument '<token>'")
    }

    @Test("a long text takes no more than one pass")
    func isLinear() {
        let text = String(repeating: "eyJ", count: 500_000)
        let clock = ContinuousClock()
        #expect(clock.measure { _ = TokenMask.hide("x" + text) } < .seconds(300))
        #expect(clock.measure { _ = TokenMask.hide(String(repeating: "eyJa.", count: 300_000)) } < .seconds(300))
    }
}
