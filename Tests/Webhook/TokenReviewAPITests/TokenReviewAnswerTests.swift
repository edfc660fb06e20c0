import AccessPolicy
import Entra
import Jansson
import Testing
import TokenReviewAPI

@Suite struct TokenReviewAnswerTests {
    private let user = KubernetesUser(
        username: "ann\"e@example.com", uid: "u-1", groups: ["g1", "g\\2"],
        extra: [ExtraEntry(name: "oid", values: ["u-1"]), ExtraEntry(name: "a/b", values: ["x", "y"])])

    @Test("an accepted user is written as Kubernetes reads it")
    func writesAnAcceptedUserAsKubernetesReadsIt() {
        let text = String(decoding: TokenReviewAnswer.encodeAccepted(user, version: .v1), as: UTF8.self)
        #expect(
            text == """
                {"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{"creationTimestamp":null},\
                "spec":{},"status":{"authenticated":true,"user":{"username":"ann\\"e@example.com","uid":"u-1",\
                "groups":["g1","g\\\\2"],"extra":{"oid":["u-1"],"a/b":["x","y"]}}}}
                """)
    }

    @Test(
        "object IDs are written as the names that they stand for",
        arguments: ["", "entra:", "a\"b\\c:"], [0, 1, 2, 200])
    func writesObjectIDs(prefix: String, count: Int) throws {
        let ids = try (0..<count).map { number in
            try #require(GUID("0b1ec7ab-cdef-0000-0000-" + String(1_000_000_000_000 + number).dropFirst(1)))
        }
        for named in [[], ["admins"], ["admins", "x\"y"]] {
            let kept = KubernetesUser(
                username: "a", uid: "b", groups: named, objectIDGroups: ids, objectIDPrefix: prefix, extra: [])
            let spelled = KubernetesUser(
                username: "a", uid: "b", groups: named + ids.map { prefix + $0.description }, extra: [])
            #expect(kept == spelled && kept.hashValue == spelled.hashValue)
            let bytes = TokenReviewAnswer.encodeAccepted(kept, version: .v1)
            #expect(bytes == TokenReviewAnswer.encodeAccepted(spelled, version: .v1))
            #expect(try decode(bytes).user == spelled)
        }
    }

    @Test("a refusal is written with its code and decision")
    func writesARefusalWithItsCodeAndDecision() {
        let bytes = TokenReviewAnswer.encodeRefused(.tokenExpired, decisionID: "ABC", version: .v1beta1)
        #expect(
            String(decoding: bytes, as: UTF8.self) == """
                {"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1beta1",\
                "metadata":{"creationTimestamp":null},"spec":{},"status":{"authenticated":false,"user":{},\
                "error":"kube-entra: token_expired: the token has expired (decision ABC)"}}
                """)
    }

    @Test("only a foreign token gets an answer without an error", arguments: RefusalReason.allCases)
    func staysSilentAboutForeignTokensOnly(_ reason: RefusalReason) throws {
        let answer = try decode(TokenReviewAnswer.encodeRefused(reason, decisionID: "ABC", version: .v1))
        #expect(!answer.isAuthenticated)
        #expect(answer.user == nil)
        #expect((answer.error == nil) == reason.isForeign)
    }

    @Test("an answer reads back as it was written", arguments: TokenReviewVersion.allCases)
    func readsWhatItWrites(_ version: TokenReviewVersion) throws {
        let answer = try decode(TokenReviewAnswer.encodeAccepted(user, version: version))
        #expect(answer == TokenReviewAnswer(version: version, isAuthenticated: true, user: user))
    }

    @Test(
        "an answer of the wrong form is refused",
        arguments: [
            #""status":{"authenticated":"true"}"#,
            #""status":{"authenticated":true}"#,
            #""status":{"authenticated":true,"user":{"username":1}}"#,
            #""status":{"authenticated":true,"user":{"groups":"g"}}"#,
            #""status":{"authenticated":true,"user":{"extra":{"a":"b"}}}"#,
            #""status":{"error":{}}"#,
            #""status":{"audiences":[1]}"#,
        ])
    func refusesAnswersOfTheWrongForm(_ status: String) {
        let body = #"{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","# + status + "}"
        #expect(throws: TokenReviewProblem.statusMalformed) { try decode(Array(body.utf8)) }
    }

    @Test(
        "an HTTP error is written as a Status object",
        arguments: [(400, "BadRequest"), (503, "ServiceUnavailable"), (411, nil)] as [(Int, String?)])
    func writesStatusObjects(_ code: Int, _ reason: String?) throws {
        let bytes = StatusObject.encode(code: code, message: "a \"b\"")
        let document = try bytes.withUnsafeBytes { bytes throws(JSONError) in try JSONDocument(parsing: bytes) }
        #expect(document.root["kind"]?.string == "Status")
        #expect(document.root["apiVersion"]?.string == "v1")
        #expect(document.root["status"]?.string == "Failure")
        #expect(document.root["message"]?.string == "a \"b\"")
        #expect(document.root["reason"]?.string == reason)
        #expect(document.root["code"]?.integer == Int64(code))
    }

    private func decode(_ body: [UInt8]) throws -> TokenReviewAnswer {
        try body.withUnsafeBytes { bytes throws(TokenReviewProblem) in try TokenReviewAnswer(decoding: bytes) }
    }
}
