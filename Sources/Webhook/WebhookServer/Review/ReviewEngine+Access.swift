import AccessPolicy
import Authentication
import NIOCore
import TokenReviewAPI

extension ReviewEngine {
    /// Answers an access review at once: nothing is fetched or waited for.
    func reviewAccess(_ body: ByteBuffer, from caller: ClientIdentity = .unknown) -> ServerResponse {
        let start = eventLoop.now
        let request: AccessReviewRequest
        do {
            request = try body.withUnsafeReadableBytes { bytes in
                Result { () throws(AccessReviewProblem) in
                    try AccessReviewRequest(decoding: bytes, maximumBytes: options.limits.bodyBytes)
                }
            }.get()
        } catch {
            metrics.recordRejected(.notAnAccessReview)
            return ServerResponse(error)
        }
        let denial = authenticator.denial(of: request.user, watch: watch, now: clock())
        metrics.recordAccessReview(denial?.reason)
        guard denial != nil || log.showsChecks else {
            return ServerResponse(answer: AccessReviewAnswer.noOpinion.encode(request.version))
        }
        let id = ids.make()
        log.record(denial, id: id, from: caller, nanoseconds: (eventLoop.now - start).nanoseconds)
        guard let denial else {
            return ServerResponse(answer: AccessReviewAnswer.noOpinion.encode(request.version))
        }
        if let entry = denial.denial { metrics.recordDenied(by: entry.kind) }
        return ServerResponse(
            answer: AccessReviewAnswer.denied(denial.reason, sentence: denial.sentence, decisionID: id)
                .encode(request.version))
    }
}
