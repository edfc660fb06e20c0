import Authentication
import SafeText
import Testing

@testable import TokenReviewAPI

@Suite struct AccessReviewRequestTests {
    private static func body(_ spec: String, version: String = "v1", kind: String = "SubjectAccessReview") -> String {
        #"{"kind":"\#(kind)","apiVersion":"authorization.k8s.io/\#(version)","metadata":{},"spec":\#(spec)}"#
    }

    private static func decode(_ text: String) throws(AccessReviewProblem) -> AccessReviewRequest {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBytes { bytes in
            Result { () throws(AccessReviewProblem) in try AccessReviewRequest(decoding: bytes) }
        }.get()
    }

    @Test("the version says where the groups are, and null is like nothing")
    func accepted() throws {
        let spec = #"{"user":"a","uid":"b","groups":["one"],"group":["two"],"extra":{"oid":["x","y"],"none":null}}"#
        let first = try Self.decode(Self.body(spec))
        #expect(first.version == .v1 && first.user.groups == ["one"] && first.user.extra == ["oid": ["x", "y"]])
        let beta = try Self.decode(Self.body(spec, version: "v1beta1"))
        #expect(beta.version == .v1beta1 && beta.user.groups == ["two"])
        let empty = try Self.decode(Self.body(#"{"user":null,"groups":null,"extra":null}"#))
        #expect(empty.user.groups.isEmpty && empty.user.extra.isEmpty)
    }

    @Test(
        "what no decision reads makes no review unreadable",
        arguments: [
            #"{"name":"\u0000"}"#, #"{"\u0000":1}"#, #"{"name":"\ud800"}"#, #"{"name":"a","name":"b"}"#,
            #"{"requirements":[{"key":"a","key":"b"}]}"#, "[\(String(repeating: "1,", count: 200_000))1]",
        ])
    func unreadAction(action: String) throws {
        for place in [#""resourceAttributes":"#, #""labels":"#] {
            let request = try Self.decode(Self.body(#"{\#(place)\#(action),"user":"a","extra":{"oid":["x"]}}"#))
            #expect(request.user.extra == ["oid": ["x"]])
        }
        #expect(try Self.decode(Self.body("{},\"other\":\(action)")).user.extra.isEmpty)
    }

    @Test("bytes in the action that are not UTF-8 make no review unreadable")
    func invalidUTF8() throws {
        let start = Array(#"{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"a":""#.utf8)
        let bytes = start + [0xFF, 0xC0, 0x80] + Array(#"","groups":["g"]}}"#.utf8)
        #expect(try bytes.withUnsafeBytes { try AccessReviewRequest(decoding: $0) }.user.groups == ["g"])
    }

    @Test("a string that is read may contain the character 0")
    func characterZero() throws {
        let spec =
            #"{"user":"\u0000","uid":"\u0000","groups":["\u0000a"],"extra":{"oid":["\u0000","x"],"\u0000":["a"]}}"#
        let user = try Self.decode(Self.body(spec)).user
        #expect(user.groups == ["\u{0}a"] && user.extra == ["oid": ["\u{0}", "x"]])
    }

    @Test("of the members of extra that no decision reads, there may be two of one name")
    func unreadExtra() throws {
        let spec = #"{"extra":{"\ufffd":["a"],"oid":["x"],"\ufffd":["b"],"":null,"":null}}"#
        #expect(try Self.decode(Self.body(spec)).user.extra == ["oid": ["x"]])
    }

    @Test("a body above the limit is refused")
    func tooLarge() throws {
        let bytes = Array(Self.body("{}").utf8)
        try bytes.withUnsafeBytes { bytes in
            _ = try AccessReviewRequest(decoding: bytes, maximumBytes: bytes.count)
            #expect(throws: AccessReviewProblem.notJSON) {
                try AccessReviewRequest(decoding: bytes, maximumBytes: bytes.count - 1)
            }
        }
    }

    @Test(
        "a body that is no access review has its own problem",
        arguments: [
            ("", .notJSON), ("{", .notJSON), ("[]", .notAnObject), ("{} {}", .notJSON),
            (String(repeating: "[", count: 100), .tooDeep),
            (body("{}", kind: "TokenReview"), .wrongKind), (body("{}", version: "v2"), .wrongVersion),
            (body("null"), .specMissing), (body("[]"), .specMissing), (body(#"{"user":1}"#), .userNotText),
            (body(#"{"uid":[]}"#), .uidNotText), (body(#"{"groups":"a"}"#), .groupsNotTexts),
            (body(#"{"groups":["a",1]}"#), .groupsNotTexts),
            (body(#"{"group":[null]}"#, version: "v1beta1"), .groupsNotTexts),
            (body(#"{"extra":[]}"#), .extraNotLists), (body(#"{"extra":{"oid":"x"}}"#), .extraNotLists),
            (body(#"{"extra":{"oid":[1]}}"#), .extraNotLists),
            (body(#"{"extra":{"other":[1]}}"#), .extraNotLists), (body(#"{"extra":{"other":"x"}}"#), .extraNotLists),
            (body(#"{"user":"a","user":"a"}"#), .notJSON), (body(#"{"user":"a","us\u0065r":"a"}"#), .notJSON),
            (body(#"{"extra":{},"extra":{}}"#), .notJSON), (body(#"{"other":1,"other":1}"#), .notJSON),
            (body(#"{},"spec":{}"#), .notJSON), (body(#"{"extra":{"oid":["a"],"oid":["a"]}}"#), .notJSON),
            (body(#"{"extra":{"oid":null,"\u006fid":["a"]}}"#), .notJSON), (body(#"{"user":"\ud800"}"#), .notJSON),
            (body(#"{"groups":["\udc00"]}"#), .notJSON), (body("{\"user\":\"\0\"}"), .notJSON),
            (body("{}") + "x", .notJSON), (body(#"{"user":"a","resourceAttributes":{"verb":}}"#), .notJSON),
        ] as [(String, AccessReviewProblem)])
    func refused(text: String, problem: AccessReviewProblem) {
        #expect(throws: problem) { try Self.decode(text) }
    }
}
