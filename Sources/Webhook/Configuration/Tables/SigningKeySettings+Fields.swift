import Addresses
import SafeText
import SigningKeys
import Timestamps

extension SigningKeySettings {
    static let description = SectionDescription<SigningKeySettings>(
        SigningKeySettings(),
        [
            FieldDescription(
                "refreshEvery", \.refreshEvery, .duration(), "how often keys are fetched", isShown: true
            ) { keys, place in
                keys.file == nil && keys.refreshEvery < .seconds(300)
                    ? place.finding(
                        .refreshTooOften, "keys are fetched every \(DurationText.render(keys.refreshEvery))",
                        "an hour is enough: unknown keys are fetched at once anyway") : []
            },
            FieldDescription(
                "unknownKeyRefreshInterval", \.unknownKeyRefreshInterval, .duration(),
                "at most one extra fetch in this time, however many unknown key IDs arrive"
            ) { keys, place in
                let interval = DurationText.render(keys.unknownKeyRefreshInterval)
                return keys.file == nil && keys.unknownKeyRefreshInterval < .seconds(30)
                    ? place.finding(
                        .refreshTooOften, "forged tokens can cause a fetch every \(interval)", "set it to 5m") : []
            },
            FieldDescription(
                "maximumAge", \.maximumAge, .duration(),
                "last known good keys are used no longer than this without a successful refresh"
            ) { keys, place in
                guard keys.file == nil else { return [] }
                let long = place.finding(
                    .keysKeptLong,
                    "a key that Entra took back can be used for \(DurationText.render(keys.maximumAge)) more",
                    "set it to 24h: long enough for an outage of Entra")
                let short = place.finding(
                    .keysAgeTooFast, "one failed refresh locks everybody out",
                    "make maximumAge several times refreshEvery")
                return (keys.maximumAge > .seconds(7 * 86_400) ? long : [])
                    + (keys.maximumAge < keys.refreshEvery * 2 ? short : [])
            },
            FieldDescription(
                "cacheFile", \.cacheFile, .optional(.file(.keyCache)),
                "survive a restart while Entra is unreachable",
                details: "The file is used only when it belongs to root or to the user that `serve` runs as, and"
                    + " nobody else may write it."
            ) { keys, place in
                keys.file == nil && keys.cacheFile == nil
                    ? place.finding(
                        .keysAreNotKept, "a restart while Microsoft Entra is unreachable locks everybody out",
                        "name a file in a folder of the webhook's own") : []
            },
            FieldDescription(
                "file", \.file, .optional(.file(.signingKeys)), "offline: only these keys, never fetch",
                details: "Made by `kube-entra keys fetch`. The file is used only when it belongs to root or to the user"
                    + " that `serve` runs as, and nobody else may write it.", change: .keyFile
            ) { keys, place in
                guard let file = keys.file, let time = place.facts.keyFileTimes[ExactText(file)],
                    time < place.now.adding(seconds: -30 * 86_400)
                else { return [] }
                return place.finding(
                    .offlineKeysAreOld, "these keys are from \(time.rfc3339); Entra has probably changed its own",
                    "fetch them again with `kube-entra keys fetch`")
            },
            FieldDescription(
                "proxy", \.proxy, .optional(.proxy), "an HTTP proxy; default: HTTPS_PROXY and NO_PROXY",
                example: .word("http://proxy.example:3128"),
                // A proxy's address may contain a password.
                change: .secret("signing keys are fetched through another proxy")),
        ])
}

extension FieldType where Value == String {
    fileprivate static var proxy: Self {
        word(StringForm("an address http(s)://host:port", pattern: "^https?://")) { field in
            guard let text = field.nonEmptyText() else { return nil }
            guard let url = BaseURL(text), url.path.isEmpty || url.path == "/" else {
                return field.refuse("must be http(s)://host:port, with user:password@ before the host if needed")
            }
            return text
        }
    }
}

extension FieldChange where Value == String? {
    fileprivate static var keyFile: Self {
        FieldChange { name, old, new, collector, context in
            let (from, to) = (
                old.map { context.written($0, in: context.old) }, new.map { context.written($0, in: context.new) }
            )
            let message =
                to.map {
                    "only the signing keys in \($0) are trusted, instead of"
                        + " \(from.map { "those in \($0)" } ?? "those that Entra publishes")"
                } ?? "the signing keys that Entra publishes are trusted instead of those in \(from ?? "a file")"
            collector.add(name, .changes, message, before: from, after: to)
        }
    }
}
