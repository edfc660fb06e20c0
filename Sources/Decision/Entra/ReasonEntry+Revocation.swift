/// Reasons for tokens that were valid when Entra issued them, and for access that was revoked since.
extension ReasonEntry {
    static let principalDenied = ReasonEntry(
        reviews: .tokenAndAccess,
        sentence: "the principal, its application or this token is on the deny list",
        hint:
            "ask whoever runs the cluster why; if only this token, or only tokens issued before a time, are denied, sign in"
            + " again, more than five minutes after that time",
        meaning:
            "An entry of denied or of deniedFile names the token's object ID, its client application or its token ID, and"
            + " is in force. An entry with issuedBefore denies only tokens whose iat is earlier or missing.",
        causes: [
            "an operator locked the person, the application or the token out with `kube-entra deny add`",
            "a token that was issued before an entry's issuedBefore: Entra dates iat five minutes back, so a token"
                + " that was fetched in the first five minutes after that time is denied as well",
        ],
        fixes: [
            "find the entry with `kube-entra deny list`, and its reason in the log",
            "with issuedBefore: wait five minutes, run `kubelogin remove-cache-dir` and sign in again",
            "if it should not be there: `kube-entra deny remove`, which takes effect within two seconds",
        ],
        portal: signInLogs)

    static let accountDisabled = ReasonEntry(
        reviews: .tokenAndAccess,
        sentence: "the account is disabled or deleted in Entra",
        hint: "enable the account in Entra, or sign in with another one",
        meaning:
            "directory.watch is on, and Microsoft Graph says that the account, or the application's service principal, is"
            + " disabled or deleted. The token was issued before that.",
        causes: [
            "somebody disabled or deleted the account, perhaps because the person has left",
            "the account is synchronized from a directory in which it is disabled",
            "sign-in was switched off for the application",
        ],
        fixes: [
            "ask whoever manages the accounts why it is disabled",
            "enable the account; it takes effect within directory.watchEvery, with the same token",
        ],
        portal:
            "Users → the account → Properties → Settings → Account enabled; for an application: Enterprise applications →"
            + " the application → Properties → Enabled for users to sign-in.")

    static let sessionsRevoked = ReasonEntry(
        reviews: .tokenAndAccess,
        sentence: "the account's sessions were revoked in Entra after this token was issued",
        hint:
            "run `kubelogin remove-cache-dir` and sign in again, more than five minutes after the sessions were revoked",
        meaning:
            "directory.watch is on, and the token's iat is earlier than the account's signInSessionsValidFromDateTime in"
            + " Microsoft Graph. A token without iat counts as earlier.",
        causes: [
            "somebody chose Revoke sessions for the account",
            "the password was changed or reset",
            "a new token that was fetched in the first five minutes after that: Entra dates iat five minutes back",
        ],
        fixes: [
            "wait until five minutes after the revocation, run `kubelogin remove-cache-dir` and sign in again",
            "if nobody in your organization revoked the sessions, treat the account as attacked",
        ],
        portal: "Users → the account → Overview → Revoke sessions; Audit logs say who did it and when.")

    static let emergencyAccessEnded = ReasonEntry(
        reviews: .accessOnly,
        sentence: "the emergency access that the user signed in with has ended",
        hint: "run the command again in two minutes; if the incident is not over, extend the entry's until",
        meaning:
            "The user carries emergency access, and no emergencyAccess entry that gives it is in force any longer. The API"
            + " server remembers a sign-in for up to two minutes; the next one comes without emergency access.",
        causes: ["the entry's until has passed", "the entry was taken out of the configuration"],
        fixes: [
            "sign in through a group, as on any other day",
            "set a later until in emergencyAccess, if the incident goes on",
        ])

    static let membershipEnded = ReasonEntry(
        reviews: .accessOnly,
        sentence: "the user carries a group that its memberships in Entra no longer give",
        hint: "run the command again in two minutes: the next sign-in has the groups of now",
        meaning:
            "directory.watch is on, and none of the principal's memberships, app roles or emergency entries gives one of"
            + " the configured Kubernetes groups that this request carries. The API server remembers a sign-in for up to"
            + " two minutes; the next one has the groups of now.",
        causes: [
            "somebody removed the account from the group in Entra",
            "a membership that was activated through Privileged Identity Management has ended",
            "the group was deleted",
        ],
        fixes: [
            "run the command again in two minutes",
            "activate the membership again, or ask the group's owner for it",
        ],
        portal:
            "Groups → the group → Members; for activated memberships: Identity Governance → Privileged Identity Management"
            + " → Groups.")
}
