import Terminal
import Testing

@testable import Inspection

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

    private static func utf16(_ text: String, isBigEndian: Bool) -> [UInt8] {
        text.utf16.flatMap { isBigEndian ? [UInt8($0 >> 8), UInt8($0 & 0xFF)] : [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    }

    @Test(
        "a token is the same in UTF-8 with a mark and in UTF-16, and a note says so",
        arguments: [
            (Array("\u{FEFF}eyJ.e30.AA\r\n".utf8), "byte order mark"),
            (utf16("\u{FEFF}eyJ.e30.AA\r\n", isBigEndian: false), "UTF-16"),
            (utf16("\u{FEFF}eyJ.e30.AA\r\n", isBigEndian: true), "UTF-16"),
            (utf16("eyJ.e30.AA", isBigEndian: false), "UTF-16"), (utf16("eyJ.e30.AA", isBigEndian: true), "UTF-16"),
        ])
    func encodings(bytes: [UInt8], note: String) {
        let input = TokenInput(bytes)
        #expect(input.other == nil && String(decoding: input.token, as: UTF8.self) == "eyJ.e30.AA")
        #expect(input.notes.count == 1 && input.notes.allSatisfy { $0.contains(note) })
    }

    @Test("a token in plain UTF-8 has no note")
    func plain() {
        #expect(TokenInput(Array("eyJ.e30.AA\n".utf8)).notes.isEmpty)
        #expect(TokenInput([0xFF, 0xFE, 0x00]).other == .notText)
        #expect(TokenInput([0xFE, 0xFF, 0xD8, 0x00]).other == .notText)
    }

    @Test("bytes that are no text are no token")
    func binary() {
        #expect(TokenInput([0xFF, 0xFE, 0x00]).other == .notText)
    }

    @Test(
        "what cannot be denied says where an object ID is read",
        arguments: [
            ("ann@contoso.example", "this is a name and not a token"), ("contoso", "this is not a token"),
            ("a.b.c", "this is not a token"), ("", "this is not a token"),
        ])
    func deniedName(input: String, sentence: String) {
        let failure = #expect(throws: CommandFailure.self) {
            try TokenInput(Array(input.utf8)).deniedTarget(onlyThisToken: false)
        }
        #expect(failure?.sentence == sentence)
        #expect(failure?.hint?.contains("--object-id") == true && failure?.hint?.contains("az ad user show") == true)
    }

    @Test("an object ID without its option says which option")
    func deniedID() {
        let id = "0b1ec700-0000-0000-0000-000000000001"
        let failure = #expect(throws: CommandFailure.self) {
            try TokenInput(Array(id.utf8)).deniedTarget(onlyThisToken: false)
        }
        #expect(failure?.hint?.hasSuffix("--object-id \(id)") == true)
    }
}
