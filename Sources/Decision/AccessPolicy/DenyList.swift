public import Entra
import SafeText
public import Timestamps

/// Whom a tenant refuses at once, whatever their tokens and groups say.
///
/// Entries are found by ID, so that a decision costs the same with one entry and with ten thousand.
public struct DenyList: Hashable, Sendable {
    /// All entries in their original order.
    public let entries: [DeniedEntry]
    private let positions: [DeniedEntry.Target: [Int]]
    private let hasClientApps: Bool
    private let hasTokenIDs: Bool

    /// A list that looks entries up by ID.
    public init(_ entries: [DeniedEntry] = []) {
        self.entries = entries
        var positions: [DeniedEntry.Target: [Int]] = [:]
        for (position, entry) in entries.enumerated() { positions[entry.target, default: []].append(position) }
        self.positions = positions
        hasClientApps = entries.contains { $0.kind == .clientAppID }
        hasTokenIDs = entries.contains { $0.kind == .tokenID }
    }

    /// Whether both lists have the same entries in the same order.
    public static func == (left: DenyList, right: DenyList) -> Bool { left.entries == right.entries }

    public func hash(into hasher: inout Hasher) { hasher.combine(entries) }

    /// Whether there are no entries, in force or not.
    public var isEmpty: Bool { entries.isEmpty }

    /// Number of entries in force at that time.
    public func count(inForceAt now: Timestamp) -> Int {
        entries.count { $0.isInForce(at: now) }
    }

    /// The facts about a token that deny lists check.
    public struct Token: Hashable, Sendable {
        /// `oid`; nil when it is missing or not a GUID.
        public var objectID: GUID?
        /// `appid` or `azp`; nil when it is missing or not a GUID.
        public var clientAppID: GUID?
        /// The token's `uti`.
        public var tokenID: String?
        /// The token's `iat`.
        public var issuedAt: Timestamp?

        public init(objectID: GUID?, clientAppID: GUID?, tokenID: String?, issuedAt: Timestamp?) {
            self.objectID = objectID
            self.clientAppID = clientAppID
            self.tokenID = tokenID
            self.issuedAt = issuedAt
        }
    }

    /// The strictest entry that refuses a token; nil if no entry does.
    ///
    /// An entry that refuses new sign-ins too comes first, then the one that demands the latest sign-in.
    ///
    /// - Parameter isHypothetical: there is a principal but no token. Entries that depend on a token's age or ID are
    ///   then ignored; ``undecidable(for:now:)`` lists them.
    public func denial(of token: Token, now: Timestamp, isHypothetical: Bool = false) -> DeniedEntry? {
        guard !isEmpty else { return nil }
        var strictest: DeniedEntry?
        forEachEntry(naming: token) { entry in
            guard entry.isInForce(at: now), entry.covers(issuedAt: token.issuedAt) else { return }
            if isHypothetical, entry.issuedBefore != nil, token.issuedAt == nil { return }
            if let best = strictest {
                guard let bound = best.issuedBefore else { return }
                if let other = entry.issuedBefore, other <= bound { return }
            }
            strictest = entry
        }
        return strictest
    }

    /// Entries in force that need a token: those that depend on its age or ID.
    public func undecidable(for token: Token, now: Timestamp) -> [DeniedEntry] {
        var found: [DeniedEntry] = []
        var principal = token
        principal.tokenID = nil
        forEachEntry(naming: principal) { entry in
            if entry.issuedBefore != nil, token.issuedAt == nil, entry.isInForce(at: now) { found.append(entry) }
        }
        if hasTokenIDs, token.tokenID == nil {
            found += entries.filter { $0.kind == .tokenID && $0.isInForce(at: now) }
        }
        return found
    }

    private func forEachEntry(naming token: Token, _ body: (DeniedEntry) -> Void) {
        func visit(_ target: DeniedEntry.Target) {
            for position in positions[target] ?? [] { body(entries[position]) }
        }
        if let id = token.objectID { visit(.objectID(id)) }
        if hasClientApps, let id = token.clientAppID { visit(.clientAppID(id)) }
        if hasTokenIDs, let id = token.tokenID { visit(.tokenID(ExactText(id))) }
    }
}
