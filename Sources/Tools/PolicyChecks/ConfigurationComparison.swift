internal import AccessPolicy
internal import Addresses
internal import Configuration
internal import LineLogging
internal import Timestamps

/// Compares two configurations, part by part.
struct ConfigurationComparison {
    let old: LoadedConfiguration
    let new: LoadedConfiguration
    let now: Timestamp

    /// Differences in what holds for every tenant.
    func kubernetes() -> [PolicyChange] {
        let (old, new) = (old.configuration.kubernetes, new.configuration.kubernetes)
        var collector = ChangeCollector(path: "kubernetes.")
        collector.set("adminGroups", old.adminGroups, new.adminGroups) { group in
            (.gains, "cluster admins get Kubernetes group \(group)")
        } removed: { group in
            (.loses, "cluster admins no longer get Kubernetes group \(group)")
        }
        collector.value(
            "username", old.username.rawValue, new.username.rawValue, .changes,
            "users are named by \(new.username.words) instead of \(old.username.words), so bindings to their names no"
                + " longer match")
        collector.value(
            "usernamePrefix", quoted(old.usernamePrefix), quoted(new.usernamePrefix), .changes,
            "user names begin with \(quoted(new.usernamePrefix)) instead of \(quoted(old.usernamePrefix)), so bindings"
                + " to them no longer match")
        collector.value(
            "groupObjectIDs", old.groupObjectIDs.rawValue, new.groupObjectIDs.rawValue,
            new.groupObjectIDs == .include ? .gains : .loses,
            new.groupObjectIDs == .include
                ? "bindings to group object IDs take effect now"
                : "bindings to group object IDs no longer take effect")
        collector.value(
            "groupPrefix", quoted(old.groupPrefix), quoted(new.groupPrefix), .changes,
            "group object IDs begin with \(quoted(new.groupPrefix)) instead of \(quoted(old.groupPrefix)), so bindings"
                + " to them no longer match")
        return collector.changes
    }

    /// Differences in how the webhook runs.
    func settings() -> [PolicyChange] {
        var collector = ChangeCollector(path: "server.")
        server(&collector)
        collector.path = "limits."
        limits(&collector)
        collector.path = "verifiedTokenCache."
        let (old, new) = (old.configuration, new.configuration)
        collector.value("entries", "\(old.verifiedTokenCache.entries)", "\(new.verifiedTokenCache.entries)")
        collector.value(
            "maximumAge", duration(old.verifiedTokenCache.maximumAge), duration(new.verifiedTokenCache.maximumAge))
        collector.path = "logging."
        collector.value("level", old.logging.level.rawValue, new.logging.level.rawValue)
        collector.value("format", old.logging.format.rawValue, new.logging.format.rawValue)
        path("audit", old.logging.audit, new.logging.audit, &collector)
        return collector.changes
    }

    private func server(_ collector: inout ChangeCollector) {
        let (old, new) = (old.configuration.server, new.configuration.server)
        collector.value("listen", old.listen.description, new.listen.description)
        collector.value("operations", old.operations.description, new.operations.description)
        path("certificate", old.certificate, new.certificate, &collector)
        path("privateKey", old.privateKey, new.privateKey, &collector)
        if old.insecureAllowAnyClient != new.insecureAllowAnyClient {
            collector.add(
                "insecureAllowAnyClient", new.insecureAllowAnyClient ? .gains : .loses,
                new.insecureAllowAnyClient
                    ? "anybody who reaches the webhook may ask it about tokens"
                    : "only callers with a client certificate may ask about tokens",
                before: "\(old.insecureAllowAnyClient)", after: "\(new.insecureAllowAnyClient)")
        } else {
            path("clientCA", old.clientCA, new.clientCA, &collector)
        }
        callers(old.allowedClientNames, new.allowedClientNames, &collector)
        // Order is preference.
        collector.value(
            "protocols", old.protocols.joined(separator: ", "), new.protocols.joined(separator: ", "))
    }

    private func callers(_ old: [String], _ new: [String], _ collector: inout ChangeCollector) {
        if old.isEmpty != new.isEmpty {
            collector.add(
                "allowedClientNames", new.isEmpty ? .gains : .loses,
                new.isEmpty
                    ? "every caller with a certificate from the client CA may ask about tokens"
                    : "only callers whose certificate names \(Set(new).sorted().joined(separator: ", ")) may ask about"
                        + " tokens",
                before: old.isEmpty ? nil : Set(old).sorted().joined(separator: ", "),
                after: new.isEmpty ? nil : Set(new).sorted().joined(separator: ", "))
            return
        }
        collector.set("allowedClientNames", old, new) { name in
            (.gains, "callers whose certificate names \(name) may ask about tokens now")
        } removed: { name in
            (.loses, "callers whose certificate names \(name) may no longer ask about tokens")
        }
    }

    private func limits(_ collector: inout ChangeCollector) {
        let (old, new) = (old.configuration.limits, new.configuration.limits)
        collector.value(
            "tokenBytes", "\(old.tokenBytes)", "\(new.tokenBytes)", old.tokenBytes < new.tokenBytes ? .gains : .loses,
            "tokens may have \(new.tokenBytes) bytes instead of \(old.tokenBytes)")
        collector.value(
            "clockSkew", duration(old.clockSkew), duration(new.clockSkew),
            old.clockSkew < new.clockSkew ? .gains : .loses,
            "tokens are taken for \(duration(new.clockSkew)) after they expire instead of \(duration(old.clockSkew))")
        let counts: [(String, KeyPath<LimitSettings, Int>)] = [
            ("headerBytes", \.headerBytes), ("bodyBytes", \.bodyBytes),
            ("bytesInFlight", \.bytesInFlight), ("connections", \.connections),
            ("streamsPerConnection", \.streamsPerConnection),
        ]
        let perPeer = { (limits: LimitSettings) in limits.connectionsPerPeer.map(String.init) }
        collector.value("connectionsPerPeer", perPeer(old), perPeer(new))
        for (name, value) in counts { collector.value(name, "\(old[keyPath: value])", "\(new[keyPath: value])") }
        let durations: [(String, KeyPath<LimitSettings, Duration>)] = [
            ("handshakeTimeout", \.handshakeTimeout), ("requestTimeout", \.requestTimeout),
            ("idleTimeout", \.idleTimeout), ("reviewDeadline", \.reviewDeadline),
        ]
        for (name, value) in durations {
            collector.value(name, duration(old[keyPath: value]), duration(new[keyPath: value]))
        }
    }

    // MARK: Texts

    func duration(_ duration: Duration) -> String { DurationText.render(duration) }

    func duration(_ seconds: Int64) -> String { DurationText.render(.seconds(seconds)) }

    /// A path differs when neither what it names nor how it is written is the same: the two files may lie in
    /// different folders.
    func path(_ field: String, _ before: String?, _ after: String?, _ collector: inout ChangeCollector) {
        guard before != after else { return }
        collector.value(field, before.map { written($0, in: old) }, after.map { written($0, in: new) })
    }

    /// The path as it stands in the file.
    func written(_ path: String, in file: LoadedConfiguration) -> String {
        let end = file.path.lastIndex(of: "/").map { file.path.index(after: $0) }
        let folder = end.map { String(file.path[..<$0]) } ?? "./"
        return path.utf8.starts(with: folder.utf8) ? String(path.dropFirst(folder.count)) : path
    }

    private func quoted(_ text: String) -> String { "\"\(text)\"" }
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
