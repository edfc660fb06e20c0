extension BrokenConfigurationTests {
    /// What can be wrong with a tenant's people: groups, roles, emergency access, denied entries.
    static let inPolicy = [
        Case(
            "a denied entry for nobody",
            "    audiences:",
            "    denied: [{reason: left}]\n    audiences:",
            ["9:14 tenants[0].denied[0].objectID: is missing: set exactly one of objectID, clientAppID, tokenID"]),
        Case(
            "a denied entry for two",
            "    audiences:",
            "    denied: [{objectID: 7777aaaa-bbbb-cccc-dddd-eeeeffff0000, tokenID: a, reason: left}]\n    audiences:",
            ["9:14 tenants[0].denied[0]: denies by several IDs: set exactly one of objectID, clientAppID, tokenID"]),
        Case(
            "a denied entry without a reason",
            "    audiences:",
            "    denied: [{tokenID: a}]\n    audiences:",
            [
                "9:14 tenants[0].denied[0].reason: is missing: say why, for the log and whoever reads the list later"
            ]),
        Case(
            "a denied entry with a reason that is too long",
            "    audiences:",
            "    denied: [{tokenID: a, reason: \(String(repeating: "x", count: 257))}]\n    audiences:",
            ["9:35 tenants[0].denied[0].reason: must not be longer than 256 characters"]),
        Case(
            "a denied entry with a misspelt field",
            "    audiences:",
            "    denied: [{tokenID: a, reason: left, untill: 2026-12-01T00:00:00Z}]\n    audiences:",
            ["9:41 tenants[0].denied[0].untill: is not a field that is known here: did you mean until?"]),
        Case(
            "a denied entry with a date alone",
            "    audiences:",
            "    denied: [{tokenID: a, reason: left, until: 2026-12-01}]\n    audiences:",
            [
                "9:48 tenants[0].denied[0].until: must be a date and time with a zone, for example 2026-12-01T00:00:00Z"
            ]),
        Case(
            "admin groups empty text",
            "    audiences:",
            "    adminGroupObjectIDs: \"\"\n    audiences:",
            ["9:26 tenants[0].adminGroupObjectIDs: must be a list, not a single value"]),
        Case(
            "admin group a name",
            "    audiences:",
            "    adminGroupObjectIDs: [cluster admins]\n    audiences:",
            [
                "9:27 tenants[0].adminGroupObjectIDs[0]: must be a group object ID, for example 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed; names are not accepted"
            ]),
        Case(
            "AKS spelling",
            "    audiences:",
            "    adminGroupObjectIds: []\n    audiences:",
            ["9:5 tenants[0].adminGroupObjectIds: is not a field that is known here: did you mean adminGroupObjectIDs?"]
        ),
        Case(
            "mapping without groups",
            "    audiences:",
            "    groupMappings: [{groupObjectID: 9999aaaa-bbbb-cccc-dddd-eeeeffff0000}]\n    audiences:",
            ["9:21 tenants[0].groupMappings[0].kubernetesGroups: is missing: list what it gives"]),
        Case(
            "mapping with an empty group",
            "    audiences:",
            "    groupMappings: [{groupObjectID: 9999aaaa-bbbb-cccc-dddd-eeeeffff0000, kubernetesGroups: ['']}]\n    audiences:",
            ["9:94 tenants[0].groupMappings[0].kubernetesGroups[0]: must not be empty"]),
        Case(
            "mapping by a name",
            "    audiences:",
            "    groupMappings: [{groupObjectID: developers, kubernetesGroups: [d]}]\n    audiences:",
            [
                "9:37 tenants[0].groupMappings[0].groupObjectID: must be a group object ID, for example 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed; names are not accepted"
            ]),
        Case(
            "role without a name",
            "    audiences:",
            "    appRoleMappings: [{kubernetesGroups: [d]}]\n    audiences:",
            ["9:23 tenants[0].appRoleMappings[0].appRole: is missing: the value of an app role"]),
        Case(
            "unknown overage",
            "    audiences:",
            "    groupOverage: allow\n    audiences:",
            ["9:19 tenants[0].groupOverage: must be one of deny, resolve, ignore"]),
        Case(
            "emergency without an end",
            "    audiences:",
            "    emergencyAccess: [{objectID: 7777aaaa-bbbb-cccc-dddd-eeeeffff0000, kubernetesGroups: [a]}]\n    audiences:",
            [
                "9:23 tenants[0].emergencyAccess[0].until: is missing: when the access ends, for example 2026-12-01T00:00:00Z"
            ]),
        Case(
            "emergency end without a zone",
            "    audiences:",
            "    emergencyAccess: [{objectID: 7777aaaa-bbbb-cccc-dddd-eeeeffff0000, kubernetesGroups: [a], until: 2026-12-01T00:00:00}]\n    audiences:",
            [
                "9:102 tenants[0].emergencyAccess[0].until: must be a date and time with a zone, for example 2026-12-01T00:00:00Z"
            ]),
        Case(
            "a number for a group",
            "    audiences:",
            "    appRoleMappings: [{appRole: r, kubernetesGroups: [1.5e3]}]\n    audiences:",
            [
                "9:55 tenants[0].appRoleMappings[0].kubernetesGroups[0]: must be a string, not a number: put it in quotes if it is meant so"
            ]),
    ]
}
