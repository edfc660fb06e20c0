import AccessPolicy
import Testing
import TokenReviewAPI

@Suite struct SelfSubjectReviewTests {
    @Test("whom an API server sees")
    func user() throws {
        let body = """
            {"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1","status":{"userInfo":
            {"username":"ada","uid":"1","groups":["a","system:authenticated"],"extra":{"oid":["x"]}}}}
            """
        let user = try SelfSubjectReview.user(in: Array(body.utf8))
        #expect(user.username == "ada" && user.groups == ["a", "system:authenticated"])
        #expect(user.extra.map(\.name) == ["oid"])
    }

    @Test(
        "what is no such answer",
        arguments: [
            ("", TokenReviewProblem.notJSON), ("{}", .wrongKind), (#"{"kind":"Status"}"#, .wrongKind),
            (#"{"kind":"SelfSubjectReview"}"#, .statusMissing),
            (#"{"kind":"SelfSubjectReview","status":{}}"#, .statusMalformed),
            (#"{"kind":"SelfSubjectReview","status":{"userInfo":{"groups":1}}}"#, .statusMalformed),
        ])
    func problems(body: String, problem: TokenReviewProblem) {
        #expect(throws: problem) { try SelfSubjectReview.user(in: Array(body.utf8)) }
    }

    @Test("what is asked, and where")
    func question() {
        #expect(SelfSubjectReview.path("v1") == "/apis/authentication.k8s.io/v1/selfsubjectreviews")
        let text = String(decoding: SelfSubjectReview.encode("v1beta1"), as: UTF8.self)
        #expect(text == #"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1beta1"}"#)
    }
}
