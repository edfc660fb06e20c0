import Authentication
import LineLogging
import Logging
import WebhookServer

extension LimitSettings {
    static let description = SectionDescription<LimitSettings>(
        LimitSettings(),
        [
            FieldDescription(
                "tokenBytes", \.tokenBytes, .count(), "the largest token, in bytes",
                change: .more({ "tokens may have \($1) bytes instead of \($0)" }, words: { "\($0)" })),
            FieldDescription(
                "headerBytes", \.server.headerBytes, .count(1...(1 << 24)),
                "all headers of a request together, in bytes"),
            FieldDescription("bodyBytes", \.server.bodyBytes, .count(), "the body of a request, in bytes") {
                limits, place in
                limits.server.bodyBytes < limits.tokenBytes + 1024
                    ? place.finding(
                        .bodySmallerThanToken, "a token of tokenBytes does not fit into a body of bodyBytes",
                        "make bodyBytes larger than tokenBytes by at least 1024") : []
            },
            FieldDescription(
                "bytesInFlight", \.server.bytesInFlight, .count(), "all request bodies in memory together, in bytes"
            ) { limits, place in
                // Access reviews may use a quarter of these bytes, and those above 64 KiB half of that quarter.
                let share = limits.server.bytesInFlight / (limits.server.bodyBytes > 65_536 ? 8 : 4)
                guard share < limits.server.bodyBytes else { return [] }
                return place.finding(
                    .bytesInFlightTooFew,
                    limits.server.bytesInFlight < limits.server.bodyBytes
                        ? "a body of bodyBytes can never be taken in"
                        : "an access review of bodyBytes can never be taken in, so it is never denied",
                    "make bytesInFlight at least eight times bodyBytes")
            },
            FieldDescription(
                "connections", \.server.connections, .count(1...1_000_000), "open connections",
                details: "Connections with nothing but access reviews may be a quarter more, in total and from one"
                    + " address."),
            FieldDescription(
                "connectionsPerPeer", \.server.connectionsPerPeer, .optional(.count(1...1_000_000)),
                "open connections from one address",
                details: "Default: three quarters of `connections`; below 64, all of them.",
                example: .integer(1000)),
            FieldDescription(
                "streamsPerConnection", \.server.streamsPerConnection, .count(1...1_000_000),
                "concurrent requests on one HTTP/2 connection"),
            FieldDescription(
                "handshakeTimeout", \.server.handshakeTimeout, .duration(), "how long a TLS handshake may take",
                lint: least(\.handshakeTimeout, .seconds(2))),
            FieldDescription(
                "requestTimeout", \.server.requestTimeout, .duration(), "how long a request may take to arrive",
                lint: least(\.requestTimeout, .seconds(2))),
            FieldDescription(
                "idleTimeout", \.server.idleTimeout, .duration(), "how long a connection may be without a request",
                example: .word("90s"), lint: least(\.idleTimeout, .seconds(10))),
            FieldDescription(
                "reviewDeadline", \.server.reviewDeadline, .duration(), "how long a review may wait for keys or groups",
                details: "kube-apiserver itself gives up after 30 s."
            ) { limits, place in
                limits.server.reviewDeadline > .seconds(25)
                    ? place.finding(
                        .deadlineTooLong, "kube-apiserver gives up after 30 s",
                        "set it to 5s: no answer must wait longer")
                    : least(\.reviewDeadline, .seconds(2))(limits, place)
            },
            FieldDescription(
                "clockSkew", \.clockSkew, .duration(atLeast: .zero), "by how much clocks may differ",
                change: .more(
                    {
                        "tokens are taken for \(DurationText.render($1)) after they expire instead of"
                            + " \(DurationText.render($0))"
                    }, words: DurationText.render)
            ) { limits, place in
                limits.clockSkew > .seconds(300)
                    ? place.finding(
                        .largeClockSkew,
                        "tokens stay valid for \(DurationText.render(limits.clockSkew)) after they expire",
                        "keep the clocks in step and set it to 60s") : []
            },
        ])

    /// A timeout that is too short for ordinary requests.
    private static func least(
        _ path: any KeyPath<ServerLimits, Duration> & Sendable, _ least: Duration
    ) -> @Sendable (LimitSettings, LintPlace) -> [FieldFinding] {
        { limits, place in
            limits.server[keyPath: path] < least
                ? place.finding(
                    .timeoutTooShort,
                    "\(DurationText.render(limits.server[keyPath: path])) is short for a busy host or network",
                    "set it to \(DurationText.render(least)) at least") : []
        }
    }
}

extension DecisionCache.Limits {
    static let description = SectionDescription<DecisionCache.Limits>(
        DecisionCache.Limits(),
        [
            FieldDescription(
                "entries", \.entries, .count(0...10_000_000), "how many tokens are cached; 0: none"),
            FieldDescription(
                "maximumAge", \.maximumAge, .duration(),
                "how long an answer is used again",
                details: "A change of the configuration, the keys, a deny list or a watched membership ends it at once,"
                    + " and so does the token's own end."),
        ])
}

extension LoggingSettings {
    static let description = SectionDescription<LoggingSettings>(
        LoggingSettings(),
        [
            FieldDescription(
                "level", \.level, .choice, "the lowest level that is written", example: .word("debug"),
                isShown: true),
            FieldDescription("format", \.format, .choice, "text or json", isShown: true),
            FieldDescription(
                "audit", \.audit, .optional(.file(.audit)),
                "a file of JSON lines, one for each decision about a token of Entra; it grows until you rotate it"),
        ])
}
