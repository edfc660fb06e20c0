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
        ] as [(String, AccessReviewProblem)])
    func refused(text: String, problem: AccessReviewProblem) {
        #expect(throws: problem) { try Self.decode(text) }
    }
}
