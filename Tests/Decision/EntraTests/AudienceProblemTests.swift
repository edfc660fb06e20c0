import Entra
import Testing

@Suite struct AudienceProblemTests {
    static let samples: [(audience: String, problem: AudienceProblem?)] = [
        ("aaaaaaaa-0000-0000-0000-000000000000", nil), ("AAAAAAAA-0000-0000-0000-000000000000", nil),
        ("spn:aaaaaaaa-0000-0000-0000-000000000000", nil), ("api://cluster", nil),
        ("{aaaaaaaa-0000-0000-0000-000000000000}", nil),
        ("api://aaaaaaaa-0000-0000-0000-000000000000", nil), ("https://contoso.example/kubernetes", nil),
        ("urn:kubernetes:prod", nil), ("ms-appx-web://a", nil), ("api://cluster?x=1,2", nil),
        ("kubernetes-prod", .isNeitherIDNorURI), ("https:", .isNeitherIDNorURI), (":8443", .isNeitherIDNorURI),
        ("8a:x", .isNeitherIDNorURI), ("", .isNeitherIDNorURI),
        ("aaaaaaaa00000000000000000000000a", .isNeitherIDNorURI),
        ("aaaaaaaa-0000-0000-0000-00000000000", .isNeitherIDNorURI),
        ("aaaaaaaa-0000-0000-0000-000000000000,", .endsWithPunctuation), ("api://cluster;", .endsWithPunctuation),
        ("aaaaaaaa-0000-0000-0000-000000000000 ", .hasBlanksOrQuotes), (" api://cluster", .hasBlanksOrQuotes),
        ("\"aaaaaaaa-0000-0000-0000-000000000000\"", .hasBlanksOrQuotes), ("api://my cluster", .hasBlanksOrQuotes),
        ("aaaaaaaa-0000-0000-0000-000000000000\u{A0}", .hasBlanksOrQuotes), ("api://x\u{200B}", .hasBlanksOrQuotes),
        ("\u{201C}api://x\u{201D}", .hasBlanksOrQuotes), ("'api://x',", .hasBlanksOrQuotes),
    ]

    @Test("an audience is an application's ID or a URI, and nothing around it", arguments: samples)
    func problem(audience: String, problem: AudienceProblem?) {
        #expect(AudienceProblem(audience) == problem)
    }
}
