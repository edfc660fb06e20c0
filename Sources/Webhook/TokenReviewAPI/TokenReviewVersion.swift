/// The supported versions of TokenReview in `authentication.k8s.io`; they have the same fields.
public enum TokenReviewVersion: String, Sendable, CaseIterable {
    case v1 = "authentication.k8s.io/v1"
    case v1beta1 = "authentication.k8s.io/v1beta1"

    static let kind = "TokenReview"
}
