internal import AccessPolicy
public import EntraTokens
public import OpenSSL
public import Timestamps

/// Remembers accepted tokens by their digest, for one event loop.
///
/// An entry is used only with the same keys and settings and before anything that depends on time changes, so that
/// the answer is the one that ``Authenticator/decide(token:keys:now:resolvedGroups:)`` would give.
public final class DecisionCache {
    /// Decisions with more groups from the directory are not kept: a token lists 200 at most, a directory 20,000.
    static let maximumResolvedGroups = 1000

    private let authenticator: Authenticator
    private let capacity: Int
    /// Seconds.
    private let maximumAge: Int64
    private var entries: [SHA256Digest: Entry] = [:]
    /// Digests in the order of insertion; the oldest goes first when the cache is full.
    private var order: [SHA256Digest] = []
    private var oldest = 0
    private var keys: KeySnapshot?
    public private(set) var lastWasHit = false

    /// What there is of a decision that is remembered, and no more: there may be ten thousand.
    private struct Entry {
        var access: AccessDecision
        var subject: DecisionSubject
        var validUntil: Timestamp
        /// A clock that was set back must not make a token valid that was not valid yet.
        var validFrom: Timestamp
    }

    public init(authenticator: Authenticator, capacity: Int, maximumAge: Int64) {
        self.authenticator = authenticator
        self.capacity = capacity
        self.maximumAge = maximumAge
    }

    public var count: Int { entries.count }

    /// Decides as the authenticator does, and faster for a token seen before.
    ///
    /// - Parameter resolved: the directory's answer for a principal with group overage, once it was asked. The decision
    ///   is remembered no longer than the answer is fresh.
    public func decide(
        token: UnsafeRawBufferPointer,
        digest: SHA256Digest,
        keys: KeySnapshot,
        now: Timestamp,
        resolved: ResolvedGroups? = nil
    ) -> Decision {
        if self.keys !== keys { clear(for: keys) }
        lastWasHit = false
        if resolved == nil, let entry = entries[digest], now < entry.validUntil, now >= entry.validFrom {
            lastWasHit = true
            var decision = Decision(outcome: .accepted(entry.access))
            decision.subject = entry.subject
            decision.validUntil = entry.validUntil
            return decision
        }
        let decision = authenticator.decide(token: token, keys: keys, now: now, resolvedGroups: resolved?.groups)
        let isSmall = (resolved?.groups.count ?? 0) <= Self.maximumResolvedGroups
        if let access = decision.access, decision.proofUse == nil, isSmall, capacity > 0 {
            var end = min(decision.validUntil, now.adding(seconds: maximumAge))
            if let resolved { end = min(end, resolved.freshUntil) }
            if now < end {
                let entry = Entry(access: access, subject: decision.subject, validUntil: end, validFrom: now)
                insert(entry, for: digest)
            }
        }
        return decision
    }

    private func insert(_ entry: Entry, for digest: SHA256Digest) {
        if entries.updateValue(entry, forKey: digest) != nil { return }
        if order.count < capacity {
            order.append(digest)
        } else {
            entries.removeValue(forKey: order[oldest])
            order[oldest] = digest
            oldest = (oldest + 1) % capacity
        }
    }

    private func clear(for keys: KeySnapshot) {
        self.keys = keys
        entries.removeAll(keepingCapacity: true)
        order.removeAll(keepingCapacity: true)
        oldest = 0
    }
}
