public import Configuration
import Entra
public import Jansson

extension PolicySuite {
    /// The fields of a suite, for documents and the JSON Schema. The reader of suites uses the same ones.
    public static let form = SectionForm(fields: [
        FieldInfo(
            name: "tests", form: .list(.section(caseForm), canBeEmpty: false), isRequired: true,
            summary: "the cases")
    ])

    private static let caseForm = SectionForm(fields: [
        FieldInfo(
            name: "name", form: .string(StringForm("a string")), isRequired: true, summary: "what the case shows"),
        FieldInfo(name: "at", form: .time, isRequired: false, summary: "judge as of that time; default: now"),
        FieldInfo(
            name: "given", form: .section(givenForm), isRequired: true,
            summary: "who signs in: claims, or groups, user, objectID and the like"),
        FieldInfo(name: "expect", form: .section(expectForm), isRequired: true, summary: "what becomes of them"),
    ])

    private static let names = StringForm("a string")

    private static let givenForm = SectionForm(fields: [
        FieldInfo(
            name: "claims", form: .anything, isRequired: false,
            summary: "the claims of a token, taken as verified; nothing but resolvedGroups may stand beside them"),
        FieldInfo(
            name: "resolvedGroups", form: .list(.identifier("a group object ID"), canBeEmpty: true), isRequired: false,
            summary: "what Microsoft Graph answers for claims with group overage"),
        FieldInfo(
            name: "tenantID", form: .identifier("a tenant ID"), isRequired: false, summary: "the principal's tenant"),
        FieldInfo(
            name: "objectID", form: .identifier("an object ID"), isRequired: false,
            summary: "the principal's object ID"),
        FieldInfo(name: "user", form: .string(names), isRequired: false, summary: "the user principal name"),
        FieldInfo(
            name: "groups", form: .list(.identifier("a group object ID"), canBeEmpty: true), isRequired: false,
            summary: "the groups that the principal is in"),
        FieldInfo(
            name: "roles", form: .list(.string(names), canBeEmpty: true), isRequired: false, summary: "its app roles"),
        FieldInfo(
            name: "clientAppID", form: .identifier("an application ID"), isRequired: false,
            summary: "the application that asked for the token"),
        FieldInfo(
            name: "groupOverage", form: .boolean, isRequired: false,
            summary: "whether the groups are more than a token can list"),
        FieldInfo(
            name: "kind", form: .choice(SubjectKind.allCases.filter { $0 != .unknown }.map(\.rawValue)),
            isRequired: false, summary: "the kind of principal; default: user"),
        FieldInfo(name: "app", form: .boolean, isRequired: false, summary: "the same as kind: app"),
    ])

    private static let expectForm = SectionForm(fields: [
        FieldInfo(name: "admitted", form: .boolean, isRequired: false, summary: "whether they may sign in"),
        FieldInfo(name: "admin", form: .boolean, isRequired: false, summary: "whether they are cluster admins"),
        FieldInfo(name: "username", form: .string(names), isRequired: false, summary: "their user name"),
        FieldInfo(
            name: "groups", form: .list(.string(names), canBeEmpty: true), isRequired: false,
            summary: "all their Kubernetes groups, in any order"),
        FieldInfo(
            name: "groupsInclude", form: .list(.string(names), canBeEmpty: true), isRequired: false,
            summary: "groups that must be among them"),
        FieldInfo(
            name: "groupsExclude", form: .list(.string(names), canBeEmpty: true), isRequired: false,
            summary: "groups that must not be among them"),
        FieldInfo(
            name: "reason", form: .choice(RefusalReason.allCases.map(\.rawValue)), isRequired: false,
            summary: "the reason of the refusal"),
    ])

    /// The JSON Schema of a suite.
    public static var schema: JSON {
        guard case .object(let members) = form.schema else { return .null }
        return .object(
            [("$schema", .string(SectionForm.dialect)), ("title", .string("kube-entra policy suite"))] + members)
    }
}
