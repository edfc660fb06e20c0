import NIOCore

/// Decides on whole request bodies. ``ReviewEngine`` implements it; tests have their own reviewers.
protocol RequestReviewer: AnyObject {
    /// - Parameters:
    ///   - endpoint: what the request is for.
    ///   - caller: whom the connection's certificate names.
    func review(
        _ body: ByteBuffer, for endpoint: RequestStateMachine.Endpoint, from caller: ClientIdentity
    ) -> ReviewStep
}

extension ReviewEngine: RequestReviewer {
    func review(
        _ body: ByteBuffer, for endpoint: RequestStateMachine.Endpoint, from caller: ClientIdentity
    ) -> ReviewStep {
        switch endpoint {
        case .tokenReviews: review(body, from: caller)
        case .accessReviews: .answer(reviewAccess(body, from: caller))
        }
    }
}
