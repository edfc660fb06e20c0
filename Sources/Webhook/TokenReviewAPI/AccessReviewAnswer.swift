public import Entra

/// The answer to an access review. There is no case that allows a request, and nothing here can write one: a fault in
/// the decision may deny too much, but never grants anything.
public enum AccessReviewAnswer: Sendable, Hashable {
    /// The next authorizer decides.
    case noOpinion
    /// No other authorizer is asked. The sentence replaces the reason's own; it contains no value of a token.
    case denied(RefusalReason, sentence: String? = nil, decisionID: String)

    /// The bytes of the answer. It does not repeat the request's `spec` or `status`.
    public func encode(_ version: AccessReviewVersion) -> [UInt8] {
        var text = JSONText(capacity: 512)
        switch version {
        case .v1:
            text.raw("{\"kind\":\"SubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\",")
        case .v1beta1:
            text.raw("{\"kind\":\"SubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1beta1\",")
        }
        text.raw("\"metadata\":{\"creationTimestamp\":null},\"spec\":{},\"status\":{\"allowed\":false")
        if case .denied(let reason, let sentence, let decisionID) = self {
            text.raw(",\"denied\":true,\"reason\":")
            text.string("kube-entra: \(reason.code): \(sentence ?? reason.sentence) (decision \(decisionID))")
        }
        text.raw("}}")
        return text.bytes
    }
}
