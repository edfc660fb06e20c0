import Jansson

/// Why a body is not a TokenReview. Contains nothing of the body.
public enum TokenReviewProblem: Error, Hashable, Sendable, CaseIterable {
    case notJSON
    case tooDeep
    case tooManyValues
    case notAnObject
    case wrongKind
    case wrongVersion
    case specMissing
    case tokenNotText
    case audiencesNotTexts
    /// An answer has no `status`.
    case statusMissing
    /// An answer's `status` has another form.
    case statusMalformed

    init(_ error: JSONError) {
        switch error.code {
        case .tooDeep: self = .tooDeep
        case .tooManyValues: self = .tooManyValues
        case .tooLarge, .duplicateMember, .invalid: self = .notJSON
        }
    }

    /// What is wrong, for people.
    public var sentence: String {
        switch self {
        case .notJSON: "the body is not valid JSON"
        case .tooDeep: "the body is nested too deeply"
        case .tooManyValues: "the body holds too many values"
        case .notAnObject: "the body is not a JSON object"
        case .wrongKind: "the body's kind is not TokenReview"
        case .wrongVersion:
            "the body's apiVersion is neither authentication.k8s.io/v1 nor authentication.k8s.io/v1beta1"
        case .specMissing: "the TokenReview has no spec"
        case .tokenNotText: "spec.token is not a string"
        case .audiencesNotTexts: "spec.audiences is not a list of strings"
        case .statusMissing: "the TokenReview has no status"
        case .statusMalformed: "the TokenReview's status has the wrong form"
        }
    }
}
