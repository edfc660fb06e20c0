import Jansson

/// The fields of decision lines. The contract fixes their names.
enum LogReference {
    private enum Kind {
        case string
        case number
        case boolean
        case list
    }

    private struct Field {
        var name: String
        var kind: Kind
        var meaning: String
        var isAuditOnly = false
        var isAlwaysThere = false
        /// Whether the journal's own field replaces it in the log of a systemd service.
        var isJournals = false
    }

    private static let fields: [Field] = [
        Field(
            name: "time", kind: .string, meaning: "when, RFC 3339 with milliseconds", isAlwaysThere: true,
            isJournals: true),
        Field(name: "decision", kind: .string, meaning: "the decision's ID, as in `status.error`", isAlwaysThere: true),
        Field(
            name: "result", kind: .string,
            meaning: "`accepted`, `refused` or `foreign` (not ours); `denied` of an access review, whose line has no"
                + " field that only a token can give", isAlwaysThere: true),
        Field(name: "reason", kind: .string, meaning: "the code of the refusal; see reasons.md"),
        Field(name: "admin", kind: .boolean, meaning: "whether the principal became cluster admin"),
        Field(name: "tenant", kind: .string, meaning: "the tenant's ID"),
        Field(name: "subjectKind", kind: .string, meaning: "`user`, `guest`, `app`, `managedIdentity`, …"),
        Field(name: "objectID", kind: .string, meaning: "the principal's object ID"),
        Field(name: "clientAppID", kind: .string, meaning: "the application that asked for the token"),
        Field(name: "keyID", kind: .string, meaning: "the signing key's ID"),
        Field(name: "durationMicroseconds", kind: .number, meaning: "from the whole request to the answer"),
        Field(name: "tokenSHA256", kind: .string, meaning: "the first 12 hex digits of the token's SHA-256"),
        Field(
            name: "tokenID", kind: .string,
            meaning: "`uti`, which Entra's sign-in log calls the unique token identifier"),
        Field(name: "deniedBy", kind: .string, meaning: "`objectID`, `clientAppID` or `tokenID` of the deny list"),
        Field(name: "deniedReason", kind: .string, meaning: "the reason in the deny list, for operators"),
        Field(name: "emergencyAccess", kind: .boolean, meaning: "whether emergency access was used"),
        Field(name: "emergencyReason", kind: .string, meaning: "the reason in the emergency entry"),
        Field(name: "username", kind: .string, meaning: "the user name that was given", isAuditOnly: true),
        Field(
            name: "groups", kind: .list, meaning: "the configured groups that were given", isAuditOnly: true),
        Field(
            name: "groupObjectIDs", kind: .number,
            meaning: "how many object IDs were given as groups, where `kubernetes.groupObjectIDs` includes them",
            isAuditOnly: true),
        Field(
            name: "adminGroupObjectIDs", kind: .list, meaning: "the admin groups that matched", isAuditOnly: true),
        Field(name: "tokenVersion", kind: .string, meaning: "`1.0` or `2.0`", isAuditOnly: true),
        Field(
            name: "caller", kind: .string, meaning: "the caller's address, port and certificate name", isAuditOnly: true
        ),
        Field(
            name: "configurationSHA256", kind: .string,
            meaning: "the SHA-256 of the configuration file that was in force", isAuditOnly: true),
        Field(
            name: "leftOut", kind: .number,
            meaning: "in a line without a decision: how many refusals of unverified tokens have no line",
            isAuditOnly: true),
    ]

    static var text: String {
        """
        # Log and audit lines

        With `logging.format: json` each line of the log is one JSON object; `logging.audit` is a file of them. A decision
        has one line, at `info`. A use of emergency access has another line, at `warning`. A token, a name or an e-mail
        address is never in the log at `info`. Log lines also have `level` and `message`. Empty fields are left out.

        Where systemd's journal reads the log (`JOURNAL_STREAM`), each line begins with its priority (`<4>` for a warning,
        `<6>` for `info`), which the journal takes off and filters by (`journalctl --priority warning`), and has no `time`,
        which the journal has itself.

        Anybody can send tokens that Entra never signed, and nobody is named in their lines. So the audit file has at most
        60 a minute of each reason for which a token is refused before its signature is verified, and then one line
        that counts the others. It has each decision about a token that Entra signed.


        """
            + Markdown.table(
                ["field", "where", "what it says"],
                fields.map { ["`\($0.name)`", $0.isAuditOnly ? "audit" : "log, audit", $0.meaning] })
    }

    /// The schema of one decision line.
    static func schema(isAudit: Bool) -> JSON {
        let known = fields.filter { isAudit || !$0.isAuditOnly }
        var properties = known.map { field -> (String, JSON) in
            (field.name, .object([("description", .string(field.meaning))] + type(field.kind)))
        }
        if !isAudit {
            properties.append(("level", .object([("type", .string("string"))])))
            properties.append(("message", .object([("type", .string("string"))])))
        }
        let required = known.filter { $0.isAlwaysThere && (isAudit || !$0.isJournals) }.map(\.name)
        // A line that counts others is about no single decision.
        let kinds = isAudit ? ["decision", "leftOut"] : []
        let schema: [(String, JSON)] = [
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("title", .string("kube-entra \(isAudit ? "audit" : "log") line of a decision")),
            ("type", .string("object")),
            ("required", JSON(required.filter { !kinds.contains($0) })),
            ("properties", .object(properties)),
        ]
        guard isAudit else { return .object(schema) }
        return .object(schema + [("oneOf", .array(kinds.map { .object([("required", JSON([$0]))]) }))])
    }

    private static func type(_ kind: Kind) -> [(String, JSON)] {
        switch kind {
        case .string: [("type", .string("string"))]
        case .number: [("type", .string("integer")), ("minimum", .integer(0))]
        case .boolean: [("type", .string("boolean"))]
        case .list: [("type", .string("array")), ("items", .object([("type", .string("string"))]))]
        }
    }
}
