/// The versions of `authentication.k8s.io` that TokenReviews are read and written in; they look the same.
public enum TokenReviewVersion: String, Sendable, CaseIterable {
    case v1 = "authentication.k8s.io/v1"
    case v1beta1 = "authentication.k8s.io/v1beta1"

    static let kind = "TokenReview"
}
