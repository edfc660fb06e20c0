public import Authentication
public import Jansson
import SafeText

/// The supported versions of `authorization.k8s.io`.
public enum AccessReviewVersion: String, Sendable, CaseIterable {
    case v1
    case v1beta1

    /// The name of the field with the user's groups.
    var groupsField: StaticString {
        switch self {
        case .v1: "groups"
        case .v1beta1: "group"
        }
    }
}

/// Why a body is not a SubjectAccessReview. Contains nothing of the body.
public enum AccessReviewProblem: Error, Hashable, Sendable, CaseIterable {
    case notJSON
    case tooDeep
    case notAnObject
    case wrongKind
    case wrongVersion
    case specMissing
    case userNotText
    case uidNotText
    case groupsNotTexts
    case extraNotLists

    /// What is wrong, for people.
    public var sentence: String {
        switch self {
        case .notJSON: "the body is not valid JSON"
        case .tooDeep: "the body is nested too deeply"
        case .notAnObject: "the body is not a JSON object"
        case .wrongKind: "the body's kind is not SubjectAccessReview"
        case .wrongVersion:
            "the body's apiVersion is neither authorization.k8s.io/v1 nor authorization.k8s.io/v1beta1"
        case .specMissing: "the SubjectAccessReview has no spec"
        case .userNotText: "spec.user is not a string"
        case .uidNotText: "spec.uid is not a string"
        case .groupsNotTexts: "the groups in spec are not a list of strings"
        case .extraNotLists: "spec.extra is not an object of lists of strings"
        }
    }
}

/// The API server's question whether a user may do something. The action is not checked, only whether the user's
/// sign-in is still valid.
///
/// Source: Kubernetes API reference, SubjectAccessReview `authorization.k8s.io/v1` and `v1beta1`.
public struct AccessReviewRequest: Sendable, Hashable {
    /// The version of the request, which the answer must repeat.
    public let version: AccessReviewVersion
    /// The user's groups and `extra`.
    public let user: ReviewedUser

    /// Reads the body of a request. `status` is ignored.
    ///
    /// A review says what the user wants to do, in words of the user: names, paths and selectors with any characters.
    /// If such words made a review unreadable, a denied user could choose them, and the API server would go on
    /// without this webhook. So what no decision reads is checked for its structure only, and a string may contain
    /// every character, including the character 0.
    ///
    /// - Parameter maximumBytes: larger bodies are refused without being read.
    /// - Throws: ``AccessReviewProblem`` if this is not an access review.
    public init(
        decoding body: UnsafeRawBufferPointer, maximumBytes: Int = .max
    ) throws(AccessReviewProblem) {
        guard body.count <= maximumBytes else { throw .notJSON }
        do {
            self = try Self(scanning: body)
        } catch {
            // Only few reviews need this second pass: it drops what no decision reads.
            guard error == .notJSON || error == .tooDeep,
                let rest = JSONSieve.accessReview.rest(of: body),
                let review = rest.withUnsafeBytes({ try? Self(scanning: $0) })
            else { throw error }
            self = review
        }
    }

    /// In `spec` and above, a name that occurs twice is refused; `extra` is checked while it is read.
    private static let strictness = JSONStrictness(acceptsZero: true, distinctDepth: 2)

    private init(scanning body: UnsafeRawBufferPointer) throws(AccessReviewProblem) {
        let root: ScannedJSON
        do {
            root = try ScannedJSON(
                scanning: body, maximumBytes: .max, maximumValues: JSONDocument.defaultMaximumValues,
                strictness: Self.strictness)
        } catch {
            throw error.code == .tooDeep ? .tooDeep : .notJSON
        }
        guard root.kind == .object else { throw .notAnObject }
        guard root["kind"]?.string == "SubjectAccessReview" else { throw .wrongKind }
        switch root["apiVersion"]?.string {
        case "authorization.k8s.io/v1": version = .v1
        case "authorization.k8s.io/v1beta1": version = .v1beta1
        default: throw .wrongVersion
        }
        guard let spec = root["spec"], spec.kind == .object else { throw .specMissing }
        for (name, problem) in [("user" as StaticString, AccessReviewProblem.userNotText), ("uid", .uidNotText)] {
            guard let value = spec[name], !value.isNull else { continue }
            guard value.kind == .string else { throw problem }
        }
        let groups = try Self.texts(spec[version.groupsField], or: .groupsNotTexts)
        user = ReviewedUser(groups: groups, extra: try Self.extra(spec["extra"]))
    }

    /// The members that decisions read. Of the others, only the types are checked; an API server can send two of one
    /// name, because Go writes all bytes that are not UTF-8 as the same character.
    private static func extra(_ value: JSONView?) throws(AccessReviewProblem) -> [ExactText: [String]] {
        guard let value, !value.isNull else { return [:] }
        guard let members = value.members else { throw .extraNotLists }
        var extra: [ExactText: [String]] = [:]
        var seen: Set<ExactText> = []
        for (name, values) in members {
            let texts = try Self.texts(values, or: .extraNotLists)
            let name = ExactText(name)
            guard ReviewedUser.isRead(name) else { continue }
            guard seen.insert(name).inserted else { throw .notJSON }
            if !values.isNull { extra[name] = texts }
        }
        return extra
    }

    private static func texts(
        _ value: JSONView?, or problem: AccessReviewProblem
    ) throws(AccessReviewProblem) -> [String] {
        guard let value, !value.isNull else { return [] }
        guard let array = value.array else { throw problem }
        var texts: [String] = []
        texts.reserveCapacity(value.estimatedCount)
        for element in array {
            guard let text = element.string else { throw problem }
            texts.append(text)
        }
        return texts
    }
}

extension JSONSieve {
    /// Lets through what ``AccessReviewRequest`` reads. It drops the description of the requested action, to which a
    /// user can give almost any size.
    public static var accessReview: JSONSieve {
        JSONSieve(
            outerNames: ["apiVersion", "kind", "spec"], of: "spec",
            innerNames: ["user", "uid", "groups", "group", "extra"])
    }
}
