import Jansson
import TokenReviewAPI

/// The body of a request, and of an answer.
struct TokenReviewTarget: FuzzTarget {
    func run(_ input: UnsafeRawBufferPointer) throws {
        checkRequest(input)
        checkAnswer(input)
        _ = try? SelfSubjectReview.user(in: Array(input))
    }

    private func checkRequest(_ input: UnsafeRawBufferPointer) {
        let quick = try? TokenReviewRequest(decoding: input)
        // jansson refuses the character 0, which a review may contain.
        let hasZero = String(decoding: input, as: UTF8.self).contains("\\u0000")
        let parsed = parsedJSON(Array(input))
        if quick != nil, !hasZero { require(parsed != nil, "what is taken is JSON for jansson too") }
        guard let quick, let parsed else { return }
        require(
            quick.withToken { Array($0) } == parsed.root["spec"]?["token"]?.withStringBytes { Array($0) } ?? [],
            "the token is the one that jansson reads")
        require(parsedJSON(Array(input))?.root["kind"]?.string == "TokenReview", "a TokenReview says that it is one")

        let token = quick.withToken { String(decoding: $0, as: UTF8.self) }
        let encoded = TokenReviewRequest.encode(token: token, audiences: quick.audiences, version: quick.version)
        let again = encoded.withUnsafeBytes { try? TokenReviewRequest(decoding: $0) }
        require(same(require(again, "a request that was written can be read"), quick), "a request reads back as it was")
    }

    private func same(_ left: TokenReviewRequest, _ right: TokenReviewRequest) -> Bool {
        left.version == right.version && left.audiences == right.audiences
            && left.withToken { Array($0) } == right.withToken { Array($0) }
    }

    private func checkAnswer(_ input: UnsafeRawBufferPointer) {
        guard let answer = try? TokenReviewAnswer(decoding: input) else { return }
        require((answer.user != nil) == answer.isAuthenticated, "only a yes has a user")
        guard let user = answer.user else { return }
        let encoded = TokenReviewAnswer.encodeAccepted(user, version: answer.version)
        let again = encoded.withUnsafeBytes { try? TokenReviewAnswer(decoding: $0) }
        require(again?.user == user, "a user reads back as it was")
    }
}
