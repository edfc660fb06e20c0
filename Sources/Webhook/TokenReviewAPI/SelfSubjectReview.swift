public import AccessPolicy
import Jansson

/// Asks an API server who the caller is.
///
/// Source: Kubernetes API reference, SelfSubjectReview; stable since 1.28.
public enum SelfSubjectReview {
    /// The newest version first; older clusters know only later entries.
    public static let versions = ["v1", "v1beta1", "v1alpha1"]

    /// The path to which to post the review.
    public static func path(_ version: String) -> String {
        "/apis/authentication.k8s.io/\(version)/selfsubjectreviews"
    }

    /// The body of the request.
    public static func encode(_ version: String) -> [UInt8] {
        Array("{\"kind\":\"SelfSubjectReview\",\"apiVersion\":\"authentication.k8s.io/\(version)\"}".utf8)
    }

    /// The user in an answer.
    ///
    /// - Throws: ``TokenReviewProblem`` if this is not an answer.
    public static func user(in body: [UInt8]) throws(TokenReviewProblem) -> KubernetesUser {
        guard let document = try? JSONDocument(parsing: body, maximumBytes: 4 << 20) else { throw .notJSON }
        guard document.root["kind"]?.string == "SelfSubjectReview" else { throw .wrongKind }
        guard let status = document.root["status"], status.kind == .object else { throw .statusMissing }
        return try TokenReviewAnswer.user(status["userInfo"])
    }
}
