import DirectoryGroups
import Entra
import SafeText
import WebhookServer
import YAML

extension DirectorySettings {
    private static let credentials = "clientSecretFile, clientCertificateFile, federatedTokenFile, managedIdentity"

    static let description = SectionDescription<DirectorySettings>(
        DirectorySettings(), exactlyOne: ["clientSecretFile", "clientCertificateFile", "federatedTokenFile"],
        check: { directory, section in directory.checkCredentials(&section) },
        compareTogether: { old, new, collector, context in
            let (before, after) = (
                old.credentialWords(context, context.old), new.credentialWords(context, context.new)
            )
            if ExactText(before) != ExactText(after) { collector.values("credential", before, after) }
        },
        [
            FieldDescription(
                "clientID", \.clientID, .optional(.identifier(ConfigField.applicationID)),
                "the application that may read group memberships",
                details: "It needs application permissions of Microsoft Graph: GroupMember.Read.All, with User.Read.All"
                    + " for people and Application.Read.All for applications. With `managedIdentity: true` it may be"
                    + " left out.",
                example: .word("bbbbbbbb-0000-0000-0000-000000000000")),
            FieldDescription(
                "clientSecretFile", \.clientSecretFile, .optional(.file(.clientSecret)),
                "or clientCertificateFile, federatedTokenFile, managedIdentity: true", change: .silent),
            FieldDescription(
                "clientCertificateFile", \.clientCertificateFile, .optional(.file(.clientCertificate)),
                "the application's certificate and private key", change: .silent),
            FieldDescription(
                "federatedTokenFile", \.federatedTokenFile, .optional(.file(.federatedToken)),
                "a token of the cluster's own issuer (workload identity)", change: .silent),
            FieldDescription(
                "managedIdentity", \.managedIdentity, .boolean, "the managed identity of the machine",
                example: .boolean(false), change: .silent),
            FieldDescription(
                "groups", \.groups, .choice, "configured | all: which groups the directory is asked about"),
            FieldDescription("timeout", \.timeout, .duration(), "time for one request") { directory, place in
                let deadline = place.configuration.limits.server.reviewDeadline
                return directory.timeout > deadline
                    ? place.finding(
                        .timeoutOverDeadline,
                        "a review ends after \(DurationText.render(deadline)), before this timeout",
                        "make it shorter than limits.reviewDeadline") : []
            },
            FieldDescription(
                "cacheFor", \.cacheFor, .duration(atLeast: .zero), "how long an answer is used"
            ) { directory, place in
                directory.cacheFor > .seconds(3600)
                    ? place.finding(
                        .groupsKeptLong,
                        "who leaves a group stays in it for \(DurationText.render(directory.cacheFor))", "set it to 5m")
                    : []
            },
            FieldDescription(
                "staleFor", \.staleFor, .duration(atLeast: .zero),
                "how much longer it is used while Microsoft Graph does not answer"
            ) { directory, place in
                directory.staleFor > .seconds(86_400)
                    ? place.finding(
                        .groupsKeptLong,
                        "while Graph is away, old answers hold for \(DurationText.render(directory.staleFor))",
                        "set it to a few hours at most") : []
            },
            FieldDescription(
                "graphEndpoint", \.graphEndpoint, .optional(.secureBase), "replaces the cloud's Graph address",
                example: .word("https://graph.example")),
            FieldDescription(
                "graphCA", \.graphCA, .optional(.file(.graphCA)),
                "the CA of that address's certificate; default: the system's"),
            FieldDescription(
                "watch", \.watch, .choice, "off | admins | everyone: who is asked about again while their tokens live",
                details: "`admins`: everybody to whom an admin group or an emergency entry gives something."
                    + " `everyone`: everybody, so that somebody who is added to a group gains access without a new"
                    + " sign-in too.",
                change: .choice { old, new in new.consequence(after: old) }
            ) { directory, place in
                directory.watch == .off
                    ? []
                    : place.finding(
                        .watchIsTransitive,
                        "the watch counts transitive membership: a member of a group inside an admin group is a member",
                        "assign people directly, or know who is in the groups inside")
            },
            FieldDescription(
                "watchEvery", \.watchEvery, .duration(), "how long a change in Entra may take to have an effect",
                change: .sentence { old, new in
                    "a change in Entra is felt within \(DurationText.render(new)) instead of"
                        + " \(DurationText.render(old))"
                } words: {
                    DurationText.render($0)
                }
            ) { directory, place in
                guard directory.watch != .off, directory.watchEvery < .seconds(5) else { return [] }
                let milliseconds = max(1, directory.watchEvery.components.seconds) * 1000
                // Two questions about each person: membership and account.
                return place.finding(
                    .watchTooOften,
                    "500 watched people cost \(500 * 2 * 1000 / milliseconds) questions a second, for each webhook",
                    "set it to 30s, or know that Microsoft Graph takes so many")
            },
            FieldDescription(
                "whenSilent", \.whenSilent, .choice,
                "keep | refuse: when Graph has not answered for three times watchEvery",
                change: .choice({ $1 == .refuse ? .loses : .gains }) { _, new in
                    new == .refuse
                        ? "watched principals are refused while Microsoft Graph does not answer"
                        : "the last answer holds while Microsoft Graph does not answer"
                }),
        ])

    private func checkCredentials(_ section: inout ConfigSection) -> Bool {
        let given = [clientSecretFile, clientCertificateFile, federatedTokenFile].compactMap { $0 }.count
        let count = given + (managedIdentity ? 1 : 0)
        let advice = "set exactly one of \(DirectorySettings.credentials)"
        if count == 0 { section.missing("clientSecretFile", advice) }
        if count > 1, let node = section.node {
            section.collector.add(section.path, node, "has several ways to sign in: \(advice)")
        }
        if clientID == nil, !managedIdentity, !section.has("clientID") {
            section.missing("clientID", "the application that may read group memberships")
        }
        return true
    }

    private func credentialWords(_ context: ChangeContext, _ file: LoadedConfiguration) -> String {
        switch credential {
        case .clientSecretFile(let path): "clientSecretFile \(context.written(path, in: file))"
        case .clientCertificateFile(let path): "clientCertificateFile \(context.written(path, in: file))"
        case .federatedTokenFile(let path): "federatedTokenFile \(context.written(path, in: file))"
        case .managedIdentity: "managedIdentity"
        }
    }
}

extension DirectoryWatch {
    fileprivate func consequence(after old: DirectoryWatch) -> String {
        switch self {
        case .off: "a change in Entra is felt with the next token only: nobody is asked about again"
        case .admins:
            old == .off
                ? "admins lose, while their tokens live, what Entra takes from them"
                : "only admins are asked about again; others keep what their tokens say"
        case .everyone: "everybody loses and gains, while their tokens live, what Entra takes and gives"
        }
    }
}
