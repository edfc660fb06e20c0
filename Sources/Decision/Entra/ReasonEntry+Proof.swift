/// Reasons about proof of possession.
extension ReasonEntry {
    static let proofOfPossessionRequired = ReasonEntry(
        sentence: "the token must come in a proof-of-possession envelope",
        hint: "run kubelogin with --pop-enabled and --pop-claims \"u=<cluster host>\"",
        meaning:
            "A token that is bound to a key (cnf) is never taken without its envelope. Or the tenant's"
            + " proofOfPossession is require, and the token came alone.",
        causes: [
            "kubelogin runs without --pop-enabled where the cluster requires it",
            "a bound token was taken out of its envelope, which is what binding is to prevent",
        ],
        fixes: [
            "run kubelogin with --pop-enabled and --pop-claims \"u=<cluster host>\"",
            "set proofOfPossession: accept",
        ])

    static let proofOfPossessionNotAccepted = ReasonEntry(
        sentence: "proof-of-possession tokens are not accepted here",
        hint: "run kubelogin without --pop-enabled, or set proofOfPossession: accept",
        meaning: "The token came in a proof-of-possession envelope, and the tenant's proofOfPossession is off.",
        causes: ["kubelogin runs with --pop-enabled, as for an Arc-connected cluster"],
        fixes: ["run kubelogin without --pop-enabled", "set proofOfPossession: accept, and clusterHost"])

    static let proofOfPossessionInvalid = ReasonEntry(
        sentence: "the proof of possession is wrong",
        hint:
            "compare --pop-claims with clusterHost, and the clocks, then sign in again; a key that made 1,000 envelopes"
            + " within 20 minutes waits until they are over",
        meaning:
            "The access token is genuine, but the envelope around it is not right: another key than the token is bound"
            + " to, a wrong signature, another host, or too old. Or its key was used for 1,000 envelopes within the time"
            + " for which each of them is remembered: that key's next envelopes are refused, and nobody else's. When all"
            + " places of that memory are used, the principals with the most envelopes give theirs back, and only"
            + " envelopes that are newer than those are accepted from them.",
        causes: [
            "u in --pop-claims is not clusterHost",
            "a clock is wrong: an envelope is taken for 15 minutes",
            "the envelope is kept and sent again much later",
            "a program signs in very often with one key, each time with a new envelope",
        ],
        fixes: [
            "`kube-entra inspect` says which part is wrong",
            "set --pop-claims \"u=<cluster host>\" to the bare host name in clusterHost",
            "compare the clocks of the client and of the webhook: `timedatectl`",
            "let programs use one sign-in for several requests, or sign in with a key of their own",
        ])

    static let proofOfPossessionReplayed = ReasonEntry(
        sentence: "the proof of possession was used before",
        hint: "sign in again: each envelope is taken once",
        meaning:
            "The same envelope was presented before. Each is taken once, so that one that was stolen is worth nothing.",
        causes: [
            "a client that keeps the envelope and sends it again, instead of running kubelogin each time",
            "the API server's cache of answers is off, or several API servers share one webhook",
            "a stolen envelope",
        ],
        fixes: [
            "run kubelogin again: it makes a new envelope each time",
            "give each kube-apiserver its own webhook, beside it",
            "look at who sent it, in the audit log",
        ])
}
