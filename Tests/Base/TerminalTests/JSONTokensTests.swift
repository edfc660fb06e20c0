import Jansson
import Terminal
import Testing

@Suite struct JSONTokensTests {
    @Test("JSON loses tokens in texts and in names, at every depth")
    func json() {
        let token =
            "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJhdWQiOiJhYWFhYWFhYSIsIm9pZCI6IjEifQ.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
        let json = JSON.object([
            ("at", .string(token)), (token, .integer(1)), ("x", .array([.object([("y", .string("a \(token)"))])])),
        ])
        #expect(json.hidingTokens().text() == #"{"at":"<token>","<token>":1,"x":[{"y":"a <token>"}]}"#)
    }
}
