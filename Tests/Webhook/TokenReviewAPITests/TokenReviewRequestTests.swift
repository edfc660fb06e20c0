import Testing

@testable import TokenReviewAPI

@Suite struct TokenReviewRequestTests {
    struct Taken: Sendable, CustomTestStringConvertible {
        var name: String
        var body: String
        var version = TokenReviewVersion.v1
        var token: String
        var audiences: [String] = []

        var testDescription: String { name }
    }

    @Test(
        "a valid TokenReview is read",
        arguments: [
            Taken(
                name: "as kube-apiserver 1.33 sends it",
                body: """
                    {"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{"creationTimestamp":null},\
                    "spec":{"token":"a.b.c","audiences":["https://kubernetes.default.svc"]},"status":{"user":{}}}
                    """,
                token: "a.b.c", audiences: ["https://kubernetes.default.svc"]),
            Taken(
                name: "as kube-apiserver 1.34 sends it, in v1beta1",
                body: """
                    {"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1beta1","metadata":{},\
                    "spec":{"token":"a.b.c"},"status":{"user":{}}}
                    """,
                version: .v1beta1, token: "a.b.c"),
            Taken(
                name: "empty token",
                body: #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":""}}"#, token: ""),
            Taken(
                name: "no token, as Go leaves an empty one out",
                body: #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{}}"#, token: ""),
            Taken(
                name: "escaped characters and more members",
                body:
                    #"{"x":[1],"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":"\u00e9\n"}}"#,
                token: "é\n"),
            Taken(
                name: "the character 0 in the token and elsewhere",
                body: #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{"name":"\u0000"},"#
                    + #""spec":{"token":"a\u0000b","audiences":["\u0000"]}}"#,
                token: "a\0b", audiences: ["\0"]),
            Taken(
                name: "an escaped letter in what else is as kube-apiserver sends it",
                body: #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","#
                    + #""metadata":{"creationTimestamp":null},"spec":{"token":"\u0061b"},"status":{"user":{}}}"#,
                token: "ab"),
        ])
    func takes(_ example: Taken) throws {
        let request = try decode(example.body)
        #expect(request.version == example.version)
        #expect(request.withToken { String(decoding: $0, as: UTF8.self) } == example.token)
        #expect(request.audiences == example.audiences)
    }

    @Test("a body may be 16 deep and hold 10,000 values, and no more")
    func bounds() throws {
        func body(_ more: String) -> String {
            #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","spec":{"token":"a"},"x":\#(more)}"#
        }
        func nested(_ depth: Int) -> String {
            body(String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
        }
        func list(_ count: Int) -> String { body("[" + String(repeating: "1,", count: count - 1) + "1]") }
        _ = try decode(nested(15))
        #expect(throws: TokenReviewProblem.tooDeep) { try decode(nested(16)) }
        _ = try decode(list(9_900))
        #expect(throws: TokenReviewProblem.tooManyValues) { try decode(list(10_001)) }
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var name: String
        var body: String
        var problem: TokenReviewProblem

        var testDescription: String { name }
    }

    private static let start = #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1""#

    @Test(
        "an invalid TokenReview is refused",
        arguments: [
            Refused(name: "nothing", body: "", problem: .notJSON),
            Refused(name: "half", body: #"{"kind":"#, problem: .notJSON),
            Refused(name: "a repeated token", body: start + #","spec":{"token":"a","token":"b"}}"#, problem: .notJSON),
            Refused(
                name: "a token repeated through an escape", body: start + #","spec":{"token":"a","\u0074oken":"b"}}"#,
                problem: .notJSON),
            Refused(name: "bytes behind the end", body: start + #","spec":{}} {}"#, problem: .notJSON),
            Refused(
                name: "a byte behind what kube-apiserver sends",
                body: start + #","metadata":{"creationTimestamp":null},"spec":{"token":"a"},"status":{"user":{}}}x"#,
                problem: .notJSON),
            Refused(
                name: "U+001F in the token",
                body: start + #","metadata":{"creationTimestamp":null},"spec":{"token":"a"# + "\u{1F}"
                    + #""},"status":{"user":{}}}"#,
                problem: .notJSON),
            Refused(name: "an array", body: "[]", problem: .notAnObject),
            Refused(
                name: "too deep", body: start + ",\"x\":" + String(repeating: "[", count: 100_000), problem: .tooDeep),
            Refused(
                name: "a million empty objects",
                body: start + ",\"x\":[" + String(repeating: "{},", count: 1_000_000) + "{}]}", problem: .tooManyValues),
            Refused(
                name: "a million audiences, as Go writes them",
                body: start + #","metadata":{},"spec":{"token":"a","audiences":["#
                    + String(repeating: #""a","#, count: 1_000_000)
                    + #""a"]},"status":{"user":{}}}"#, problem: .tooManyValues),
            Refused(name: "a NUL after a number", body: start + ",\"x\":1\0}", problem: .notJSON),
            Refused(name: "another kind", body: #"{"kind":"SubjectAccessReview"}"#, problem: .wrongKind),
            Refused(name: "no kind", body: #"{"apiVersion":"authentication.k8s.io/v1"}"#, problem: .wrongKind),
            Refused(name: "kind in another case", body: #"{"Kind":"TokenReview"}"#, problem: .wrongKind),
            Refused(
                name: "foreign version", body: #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v2"}"#,
                problem: .wrongVersion),
            Refused(name: "no version", body: #"{"kind":"TokenReview"}"#, problem: .wrongVersion),
            Refused(name: "no spec", body: start + "}", problem: .specMissing),
            Refused(name: "spec null", body: start + #","spec":null}"#, problem: .specMissing),
            Refused(name: "token a number", body: start + #","spec":{"token":1}}"#, problem: .tokenNotText),
            Refused(name: "token null", body: start + #","spec":{"token":null}}"#, problem: .tokenNotText),
            Refused(
                name: "audiences a string", body: start + #","spec":{"token":"a","audiences":"b"}}"#,
                problem: .audiencesNotTexts),
            Refused(
                name: "audiences with a number", body: start + #","spec":{"token":"a","audiences":["b",1]}}"#,
                problem: .audiencesNotTexts),
        ])
    func refuses(_ example: Refused) {
        #expect(throws: example.problem) { try decode(example.body) }
    }

    @Test("a request reads back as it was written", arguments: TokenReviewVersion.allCases)
    func readsWhatItWrites(_ version: TokenReviewVersion) throws {
        let body = TokenReviewRequest.encode(token: "a\"\\\u{1}é", audiences: ["x", "y"], version: version)
        let request = try body.withUnsafeBytes { bytes throws(TokenReviewProblem) in
            try TokenReviewRequest(decoding: bytes)
        }
        #expect(request.version == version)
        #expect(request.withToken { String(decoding: $0, as: UTF8.self) } == "a\"\\\u{1}é")
        #expect(request.audiences == ["x", "y"])
    }

    /// However it is written, a body says the same.
    @Test(
        "every spelling of JSON is read",
        arguments: [
            #"{"token":"a.b.c"}"#, #"{ "token" : "a.b.c" }"#, "{\"token\":\t\"a.b.c\"\n}",
            #"{"tok\u0065n":"a\u002eb.c"}"#,
            #"{"other":{"token":"x"},"token":"a.b.c"}"#, #"{"token":"a.b.c","audiences":null}"#,
            #"{"audiences":[],"token":"a.b.c"}"#,
        ])
    func readsEverySpelling(_ spec: String) throws {
        for metadata in ["{}", #"{"creationTimestamp":null}"#] {
            for (version, end) in [("v1", ""), ("v1beta1", "\n")] {
                let request = try decode(
                    #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/\#(version)","metadata":\#(metadata),"#
                        + #""spec":\#(spec),"status":{"user":{}}}"# + end)
                #expect(request.version.rawValue.hasSuffix(version))
                #expect(request.withToken { String(decoding: $0, as: UTF8.self) } == "a.b.c")
                #expect(request.audiences.isEmpty)
            }
        }
    }

    @Test("more values than a TokenReview can need are refused")
    func refusesManyValues() throws {
        let values = String(repeating: "{},", count: 9_990)
        let few = Self.start + #","spec":{"token":"a"},"x":["# + values + "0]}"
        #expect(try decode(few).withToken { $0.count } == 1)
        let many = Self.start + #","spec":{"token":"a"},"x":["# + values + values + "0]}"
        #expect(throws: TokenReviewProblem.tooManyValues) { try decode(many) }
    }

    private func decode(_ body: String) throws -> TokenReviewRequest {
        try Array(body.utf8).withUnsafeBytes { bytes throws(TokenReviewProblem) in
            try TokenReviewRequest(decoding: bytes)
        }
    }
}
