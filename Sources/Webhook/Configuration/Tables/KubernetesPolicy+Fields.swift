import AccessPolicy
import SafeText

extension KubernetesPolicy {
    static let description = SectionDescription<KubernetesPolicy>(
        KubernetesPolicy(),
        [
            FieldDescription(
                "adminGroups", \.adminGroups, .list(.adminGroup),
                "what membership in an adminGroupObjectIDs group gives",
                details: "They are meant to be bound to cluster-admin, so a group into which Kubernetes puts people or"
                    + " programs by itself, such as `system:authenticated`, is an error.", isShown: true,
                change: .names(
                    added: { "cluster admins get Kubernetes group \($0)" },
                    removed: { "cluster admins no longer get Kubernetes group \($0)" })
            ) { kubernetes, place in
                kubernetes.adminGroups.isEmpty
                    ? place.finding(
                        .adminGroupsGiveNothing, "membership in an admin group gives nothing",
                        "name the Kubernetes group that is bound to cluster-admin")
                    : kubernetes.adminGroups.enumerated().flatMap { index, group in
                        place.element(index).unwise(group) + place.element(index).reserved(group)
                    }
            },
            FieldDescription(
                "username", \.username, .choice, "upn | upnLowercase | oid; guests and apps are named by object ID",
                details: "Guests, applications and users without a UPN are always named by object ID. `upnLowercase`"
                    + " turns A–Z of the UPN, and nothing else, into a–z.", isShown: true,
                change: .choice { old, new in
                    "users are named by \(new.words) instead of \(old.words), so bindings to their names no longer match"
                }),
            FieldDescription(
                "usernamePrefix", \.usernamePrefix,
                .name("a string", canBeEmpty: true) { text in
                    text.utf8.starts(with: "system:".utf8)
                        ? "must not begin with system:, since nobody could sign in with such a name" : nil
                }, "stands before every user name", isShown: true, change: .prefix("user names")
            ) { kubernetes, place in
                !kubernetes.usernamePrefix.isEmpty && "system:".hasPrefix(kubernetes.usernamePrefix)
                    ? place.finding(
                        .prefixCanBeReserved, "with this prefix a user name can begin with system:",
                        "use a prefix that is not the beginning of system:") : []
            },
            FieldDescription(
                "groupObjectIDs", \.groupObjectIDs, .choice,
                "include | drop: also pass every group object ID through, as AKS does", isShown: true,
                change: .choice({ $1 == .include ? .gains : .loses }) { _, new in
                    new == .include
                        ? "bindings to group object IDs take effect now"
                        : "bindings to group object IDs no longer take effect"
                }),
            FieldDescription(
                "groupPrefix", \.groupPrefix,
                .name("a string", canBeEmpty: true) { text in
                    text.utf8.starts(with: "system:".utf8)
                        ? "must not begin with system:, since no group may be called so by its object ID" : nil
                }, "for object IDs only, never for configured names", isShown: true,
                change: .prefix("group object IDs")),
        ])
}

extension FieldType where Value == ExactText {
    /// A Kubernetes group for cluster admins.
    fileprivate static var adminGroup: Self {
        FieldType<String>.name("a Kubernetes group", refusedPattern: BuiltInGroup.pattern) { text in
            BuiltInGroup(of: text).map { group in
                "must be a group of your own: Kubernetes itself puts \(group.members) into \(text), and what is bound to"
                    + " it for the admins is bound for all of them"
            }
        }.map({ ExactText($0) }, back: { $0.text })
    }
}

extension LintPlace {
    /// An admin group with one of the names that Kubernetes keeps for its own parts.
    fileprivate func reserved(_ group: ExactText) -> [FieldFinding] {
        guard AccessPolicy.isReserved(group.text), group != "system:masters" else { return [] }
        return finding(
            .reservedGroup, "Kubernetes reserves this name for its own parts, which would be cluster admins too",
            "use a group of your own and bind it to cluster-admin")
    }
}

extension UsernameRule {
    fileprivate var words: String {
        switch self {
        case .upn: "user principal name"
        case .upnLowercase: "user principal name in lower case"
        case .oid: "object ID"
        }
    }
}
