import Timestamps

extension StatusReport {
    /// Something that a person must act on.
    struct Attention: Hashable, Sendable {
        enum Level: String, Sendable, Comparable {
            /// Sign-in fails, or will fail within days or with the next restart.
            case red
            /// There is time, and nobody else will do it.
            case amber

            static func < (one: Level, other: Level) -> Bool { one == .red && other == .amber }
        }

        var level: Level
        var sentence: String
    }

    /// Seconds before a certificate's end from which on it is amber, and red, as in the alerts.
    private static let certificateAmber: Int64 = 14 * 86_400
    private static let certificateRed: Int64 = 2 * 86_400

    /// The age in seconds from which on the keys of a file are amber, as in the alerts.
    private static let oldKeyFile: Int64 = 48 * 3600

    /// What needs attention, red before amber.
    var attention: [Attention] {
        (checkAttention + tenantAttention + certificateAttention + watchAttention)
            .enumerated().sorted { ($0.element.level, $0.offset) < ($1.element.level, $1.offset) }.map(\.element)
    }

    /// Failed checks, and checks that pass although something newer can't be used.
    private var checkAttention: [Attention] {
        readiness.filter { line in
            // The tenants' own lines say it.
            line.name != "signing-keys" || line.failure == nil || info.tenants.isEmpty
        }.compactMap { line in
            (line.failure ?? line.note).map { Attention(level: .red, sentence: "\(line.name): \($0)") }
        }
    }

    private var tenantAttention: [Attention] {
        info.tenants.compactMap { tenant in
            let name = "signing keys of tenant " + annotated(tenant.tenantID)
            guard tenant.keyCount > 0, let end = tenant.usableUntil, now < end else {
                let cause = tenant.problem.map { ": \($0)" } ?? ""
                return Attention(level: .red, sentence: "\(name): none can be used\(cause)")
            }
            // Keys from a file do not end.
            if !tenant.isOffline, let start = tenant.lastSuccess,
                now.seconds(since: start) * 2 > end.seconds(since: start)
            {
                let (age, rest) = (Self.age(now.seconds(since: start)), Self.age(end.seconds(since: now)))
                return Attention(level: .red, sentence: "\(name): fetched \(age) ago, and used no longer than \(rest)")
            }
            if let problem = tenant.problem {
                return Attention(level: .amber, sentence: "\(name): the last fetch failed: \(problem)")
            }
            guard tenant.isOffline, let fetched = tenant.lastSuccess,
                now.seconds(since: fetched) > Self.oldKeyFile
            else { return nil }
            return Attention(
                level: .amber,
                sentence: "\(name): those in the file were fetched \(Self.age(now.seconds(since: fetched))) ago, and"
                    + " tokens with a newer key are refused")
        }
    }

    private var certificateAttention: [Attention] {
        info.certificates.compactMap { certificate in
            let left = certificate.expires.seconds(since: now)
            guard left < Self.certificateAmber else { return nil }
            let name = "\(certificate.field) (\(certificate.subject))"
            return Attention(
                level: left < Self.certificateRed ? .red : .amber,
                sentence: left <= 0 ? "\(name) has expired" : "\(name) expires in \(Self.age(left))")
        }
    }

    private var watchAttention: [Attention] {
        guard let forbidden = info.watch?.forbidden else { return [] }
        return [Attention(level: .amber, sentence: "Microsoft Graph forbids: \(forbidden)")]
    }
}
