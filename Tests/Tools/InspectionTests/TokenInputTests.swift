import Inspection
import Testing

@Suite struct TokenInputTests {
    static let token = "e30.e30.AQID"

    @Test(
        "a token is found in what people paste",
        arguments: [
            ("alone", token, TokenInput.Wrapping.none),
            ("with a line end", token + "\n", .none),
            ("broken by a terminal", "e30.e\n30.A\r\nQID", .none),
            ("as a header", "Authorization: Bearer \(token)", .bearer),
            ("as a header's value", "bearer \(token)", .bearer),
            (
                "as kubelogin prints it",
                "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"spec\":{},"
                    + "\"status\":{\"expirationTimestamp\":\"2026-11-24T00:00:00Z\",\"token\":\"\(token)\"}}",
                .execCredential
            ),
            ("in a token cache", "{\"AccessToken\":{\"a-b\":{\"secret\":\"\(token)\"}}}", .tokenCache),
            ("in an old token cache", "{\"access_token\":\"\(token)\",\"refresh_token\":\"x\"}", .tokenCache),
        ])
    func finds(name: String, pasted: String, wrapping: TokenInput.Wrapping) {
        let input = TokenInput(Array(pasted.utf8))
        #expect(input.token == Array(Self.token.utf8))
        #expect(input.wrapping == wrapping)
        #expect(input.other == nil)
    }

    @Test(
        "what is no token is named",
        arguments: [
            ("", CredentialKind.nothing), (" \n", .nothing), ("garbage", .garbage), ("{\"a\":1}", .json),
            ("{\"a\":", .garbage), ("0.AXoAabc" + String(repeating: "x", count: 300), .refreshToken),
            (String(repeating: ".", count: 1_000_000), .garbage), ("a.b", .garbage),
        ])
    func names(pasted: String, other: CredentialKind) {
        #expect(TokenInput(Array(pasted.utf8)).other == other)
    }

    @Test("bytes that are no text are no token")
    func binary() {
        #expect(TokenInput([0xFF, 0xFE, 0x00]).other == .notText)
    }
}
