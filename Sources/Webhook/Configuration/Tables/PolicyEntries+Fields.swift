import AccessPolicy
import Entra
import SafeText
import Timestamps
import YAML

extension FieldType where Value == [ExactText] {
    /// Kubernetes groups that an entry grants.
    fileprivate static var kubernetesGroups: Self {
        .list(.name("a Kubernetes group"), notEmpty: "list what it gives")
    }
}

extension GroupMapping {
    static let description = SectionDescription<GroupMapping>(
        GroupMapping(groupObjectID: .zero, kubernetesGroups: []),
        [
            FieldDescription(
                "groupObjectID", \.groupObjectID, .identifier(ConfigField.groupID), "an Entra group",
                required: "the object ID of an Entra group"),
            FieldDescription(
                "kubernetesGroups", \.kubernetesGroups, .kubernetesGroups, "what its members get",
                required: "list what it gives", isEssential: false, example: .list([.name("developers")])
            ) { $1.unwise($0.kubernetesGroups, orAdmin: true) },
        ])
}

extension AppRoleMapping {
    static let description = SectionDescription<AppRoleMapping>(
        AppRoleMapping(appRole: "", kubernetesGroups: []),
        [
            FieldDescription(
                "appRole", \.appRole, .name("the value of an app role"), "the role's value",
                required: "the value of an app role", example: .name("Cluster.Viewer")),
            FieldDescription(
                "kubernetesGroups", \.kubernetesGroups, .kubernetesGroups, "what principals with this role get",
                required: "list what it gives", isEssential: false, example: .list([.name("viewers")])
            ) { $1.unwise($0.kubernetesGroups, orAdmin: true) },
        ])
}

extension EmergencyEntry {
    static let description = SectionDescription<EmergencyEntry>(
        EmergencyEntry(
            objectID: .zero, until: Timestamp(secondsSinceEpoch: 0), kubernetesGroups: [], reason: ""),
        [
            FieldDescription(
                "objectID", \.objectID, .identifier("an object ID"), "a user, or an application's service principal",
                required: "the object ID of a user or application",
                example: .word("7777aaaa-bbbb-cccc-dddd-eeeeffff0000")),
            FieldDescription(
                "until", \.until, .time, "when the access ends",
                required: "when the access ends, for example 2026-12-01T00:00:00Z"
            ) { entry, place in
                if entry.until <= place.now {
                    return place.finding(
                        .emergencyExpired, "this access ended at \(entry.until.rfc3339)", "remove the entry")
                }
                return entry.until > place.now.adding(seconds: 24 * 3600)
                    ? place.finding(
                        .emergencyTooLong, "this access lasts for more than 24 hours",
                        "end it sooner; who needs it for longer belongs in a group") : []
            },
            FieldDescription(
                "kubernetesGroups", \.kubernetesGroups, .kubernetesGroups, "what it gives",
                required: "list what it gives", isEssential: false,
                example: .list([.name("kube-entra:cluster-admins")])
            ) { $1.unwise($0.kubernetesGroups) },
            FieldDescription(
                "reason", \.reason, .remark, "why, for the audit stream and the cluster's audit log",
                example: .name("incident 4711")
            ) { entry, place in
                entry.reason.isEmpty
                    ? place.finding(.emergencyWithoutReason, "this access has no reason", "say why, for the audit log")
                    : []
            },
        ])
}

extension DeniedEntry {
    static let description = SectionDescription<DeniedEntry>(
        DeniedEntry(target: .tokenID(""), reason: ""), exactlyOne: ["objectID", "clientAppID", "tokenID"],
        check: { _, section in
            let given = ["objectID", "clientAppID", "tokenID"].filter { section.has($0) }
            let advice = "set exactly one of objectID, clientAppID, tokenID"
            if given.isEmpty { section.missing("objectID", advice) }
            if given.count > 1, let node = section.node {
                section.collector.add(section.path, node, "denies by several IDs: \(advice)")
            }
            return given.count == 1
        },
        [
            FieldDescription(
                "objectID", \.objectID, .optional(.identifier("an object ID")),
                "a user, or an application's service principal",
                example: .word("7777aaaa-bbbb-cccc-dddd-eeeeffff0000")),
            FieldDescription(
                "clientAppID", \.clientAppID, .optional(.identifier(ConfigField.applicationID)),
                "every token that this application asked for",
                example: .word("bbbbbbbb-0000-0000-0000-000000000000")),
            FieldDescription(
                "tokenID", \.tokenID, .optional(.name("the `uti` of a token")),
                "one token, by its uti; compared byte by byte", example: .name("Xa1b2c3d4e5f6g7h8i9j0k")),
            FieldDescription(
                "issuedBefore", \.issuedBefore, .optional(.timeRoundedUp),
                "older tokens only, so that signing in again helps",
                details: "Entra dates tokens five minutes back: a token that is fetched in the first five minutes"
                    + " after this time is refused too.", example: .word("2026-11-30T00:00:00Z")),
            FieldDescription(
                "until", \.until, .optional(.timeRoundedUp), "when the entry ends; default: never"),
            FieldDescription(
                "reason", \.reason, .name("a string", maximumLength: 256), "why; for operators, never in an answer",
                required: "say why, for the log and whoever reads the list later", isEssential: false,
                example: .name("incident 4711")),
        ])

    private var objectID: GUID? {
        get { if case .objectID(let id) = target { id } else { nil } }
        set { if let newValue { target = .objectID(newValue) } }
    }

    private var clientAppID: GUID? {
        get { if case .clientAppID(let id) = target { id } else { nil } }
        set { if let newValue { target = .clientAppID(newValue) } }
    }

    private var tokenID: String? {
        get { if case .tokenID(let id) = target { id.text } else { nil } }
        set { if let newValue { target = .tokenID(ExactText(newValue)) } }
    }
}

extension FieldType where Value == String {
    /// A remark: any single value, as it is written.
    fileprivate static var remark: Self {
        FieldType(
            .string(StringForm("a string", canBeEmpty: true)), read: { $0.scalar() }, write: { .name($0) })
    }
}
