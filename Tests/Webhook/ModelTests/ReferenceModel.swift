/// What the webhook has to answer, by the contract and in the simplest terms: numbers and sets, one thread, no cache.
///
/// It shares no code with the program. Times are whole seconds.
struct ReferenceModel {
    enum TenantName: String, CaseIterable {
        case a, b
    }

    enum Authority {
        case serving, failing, hanging
    }

    struct Tenant {
        // What Entra does.
        var published: Set<Int> = [0]
        var authority = Authority.serving
        // What the webhook knows.
        var known: Set<Int> = []
        /// When the fetch began that brought what is known, by the time of day and by the uptime.
        var lastSuccess: Int?
        var lastSuccessUptime = 0
        // What it is about to do.
        var failures = 0
        var nextFetch: Int?
        /// When it is looked whether keys are too old.
        var nextLook: Int?
        /// When that was planned, as a number in the order of all plans.
        var lookPlanned = 0
        var lastExtraFetch: Int?
        var fetchBegan: Int?
        var fetchBeganUptime = 0

        func isUsable(at wall: Int) -> Bool {
            guard let lastSuccess else { return false }
            return wall < lastSuccess + Timing.maximumAge
        }
    }

    /// The same for both tenants, in seconds.
    enum Timing {
        static let refreshEvery = 30
        /// With the random number of the test, a tenth is always taken off.
        static let refreshAfter = 27
        static let unknownKeyInterval = 10
        static let maximumAge = 100
        static let reviewDeadline = 5
    }

    struct Settings: Equatable {
        var acceptsSecondAudience = false
        var adminGroup = 0
        var clockSkew = 60
        /// Nil: no such entry.
        var emergencyUntil: Int?
    }

    struct Token: Sendable {
        /// Nil: an issuer that nobody configured.
        var issuer: TenantName?
        var keyID: Int
        var signedBy: Int
        /// 0 is configured, 1 by some settings, 2 never.
        var audience: Int
        var notBefore: Int
        var expires: Int
        var groups: [Int]
        var isEmergencyUser: Bool
    }

    private struct Pending {
        var id: Int
        var token: Token
        var tenant: TenantName
        var deadline: Int
        /// As a number in the order of all plans.
        var planned: Int
    }

    var tenants: [TenantName: Tenant] = [.a: Tenant(), .b: Tenant(published: [1])]
    var settings = Settings()
    var wall: Int
    var uptime = 0
    /// Answers by the number of the review.
    private(set) var answers: [Int: String] = [:]
    private var pending: [Pending] = []
    private var plans = 0

    init(wall: Int) {
        self.wall = wall
    }

    // MARK: Reviews

    mutating func review(_ id: Int, _ token: Token) {
        proceed(id, token, deadline: uptime + Timing.reviewDeadline)
    }

    /// Answers, or waits for a fetch: the one under way, or one that may start.
    private mutating func proceed(_ id: Int, _ token: Token, deadline: Int) {
        let (answer, missing) = decide(token)
        guard let name = missing, let tenant = tenants[name] else { return answers[id] = answer }
        if tenant.fetchBegan == nil {
            if let last = tenant.lastExtraFetch, uptime < last + Timing.unknownKeyInterval {
                return answers[id] = answer
            }
            tenants[name]?.lastExtraFetch = uptime
        }
        plans += 1
        pending.append(Pending(id: id, token: token, tenant: name, deadline: deadline, planned: plans))
        if tenant.fetchBegan == nil { startFetch(name) }
    }

    /// The answer as things are, and the tenant whose keys may be out of date.
    private func decide(_ token: Token) -> (answer: String, missing: TenantName?) {
        let holders = TenantName.allCases.filter { name in
            guard let tenant = tenants[name] else { return false }
            return tenant.isUsable(at: wall) && tenant.known.contains(token.keyID)
        }
        if holders.isEmpty {
            guard let issuer = token.issuer else { return ("foreign", nil) }
            let isUsable = tenants[issuer]?.isUsable(at: wall) ?? false
            return (isUsable ? "key_not_found" : "keys_unavailable", issuer)
        }
        if token.signedBy != token.keyID {
            // The key may be one that the token's own tenant has got since.
            return ("signature_invalid", token.issuer.flatMap { holders.contains($0) ? nil : $0 })
        }
        guard let issuer = token.issuer else { return ("foreign", nil) }
        if !holders.contains(issuer) {
            let isUsable = tenants[issuer]?.isUsable(at: wall) ?? false
            return (isUsable ? "key_issuer_mismatch" : "keys_unavailable", issuer)
        }
        let isAudienceAccepted = token.audience == 0 || (token.audience == 1 && settings.acceptsSecondAudience)
        if !isAudienceAccepted { return ("audience_not_accepted", nil) }
        if wall >= token.expires + settings.clockSkew { return ("token_expired", nil) }
        if wall < token.notBefore - settings.clockSkew { return ("token_not_yet_valid", nil) }
        var groups: [String] = []
        if issuer == .a, token.groups.contains(settings.adminGroup) { groups.append("admins") }
        if issuer == .a, token.isEmergencyUser, let until = settings.emergencyUntil, wall < until {
            groups.append("emergency")
        }
        groups += token.groups.map { "group \($0)" }
        return ("accepted: " + groups.joined(separator: ", "), nil)
    }

    // MARK: Fetching

    private mutating func startFetch(_ name: TenantName) {
        guard tenants[name]?.fetchBegan == nil else { return }
        tenants[name]?.nextFetch = nil
        tenants[name]?.fetchBegan = wall
        tenants[name]?.fetchBeganUptime = uptime
        if tenants[name]?.authority != .hanging { endFetch(name) }
    }

    private mutating func endFetch(_ name: TenantName) {
        guard var tenant = tenants[name], let began = tenant.fetchBegan else { return }
        tenant.fetchBegan = nil
        if tenant.authority == .serving {
            tenant.known = tenant.published
            tenant.lastSuccess = began
            tenant.lastSuccessUptime = tenant.fetchBeganUptime
            tenant.failures = 0
            tenant.nextFetch = uptime + Timing.refreshAfter
            lookAtAge(&tenant)
        } else {
            // With keys that still serve, as long as they do and a little longer.
            let rest = (tenant.lastSuccess ?? 0) + Timing.maximumAge - wall
            let longest = tenant.isUsable(at: wall) ? min(60, rest + 3) : 3
            tenant.nextFetch = uptime + min(1 << min(tenant.failures, 16), longest, Timing.refreshEvery)
            tenant.failures += 1
        }
        tenants[name] = tenant
        let waiting = pending.filter { $0.tenant == name }
        pending.removeAll { $0.tenant == name }
        for review in waiting { proceed(review.id, review.token, deadline: review.deadline) }
    }

    /// Keys that are too old are gone for good, whatever the clock says later. Keys that were fetched while the clock
    /// was ahead are too old by the uptime.
    private mutating func lookAtAge(_ tenant: inout Tenant) {
        guard let last = tenant.lastSuccess else { return }
        let left = min(last - wall, tenant.lastSuccessUptime - uptime) + Timing.maximumAge
        if left <= 0 {
            tenant.known = []
            tenant.lastSuccess = nil
            tenant.nextLook = nil
        } else {
            plans += 1
            tenant.nextLook = uptime + left
            tenant.lookPlanned = plans
        }
    }

    // MARK: Other steps

    mutating func start() {
        for name in TenantName.allCases { startFetch(name) }
    }

    mutating func passSecond() {
        uptime += 1
        wall += 1
        for name in TenantName.allCases {
            if var tenant = tenants[name], let look = tenant.nextLook, look <= uptime {
                // In the same second, what was planned first comes first.
                giveUp(plannedBefore: tenant.lookPlanned)
                lookAtAge(&tenant)
                tenants[name] = tenant
            }
            if let next = tenants[name]?.nextFetch, next <= uptime { startFetch(name) }
        }
        giveUp(plannedBefore: .max)
    }

    /// Reviews whose deadline has come: by what is known then, not by what was when they began.
    private mutating func giveUp(plannedBefore plan: Int) {
        func isOver(_ review: Pending) -> Bool { review.deadline <= uptime && review.planned < plan }
        for review in pending where isOver(review) { answers[review.id] = decide(review.token).answer }
        pending.removeAll(where: isOver)
    }

    /// What hangs ends now, with a result or a failure.
    mutating func release(_ name: TenantName, to authority: Authority) {
        tenants[name]?.authority = authority
        endFetch(name)
    }

    /// A configuration for which new fetchers take over what the ones before had learned, and who waits for it.
    mutating func replaceStore(_ settings: Settings) {
        self.settings = settings
        for name in TenantName.allCases {
            guard var tenant = tenants[name] else { continue }
            lookAtAge(&tenant)
            tenant.failures = 0
            tenant.fetchBegan = nil
            tenant.nextFetch = nil
            tenants[name] = tenant
        }
        start()
    }
}
