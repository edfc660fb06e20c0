import AccessPolicy
import Addresses
import Authentication
import Entra
import EntraTokens
import HTTPSClient
import Jansson
import Logging
import NIOCore
import NIOEmbedded
import OpenSSL
import Prometheus
import SafeText
import SigningKeys
import TestSupport
import Timestamps
import TokenReviewAPI

@testable import DirectoryGroups
@testable import WebhookServer

/// The program's own watch, key store, review engine and cache on one event loop whose time is made by the test.
// Sendable without checks: everything happens on the test's thread.
final class RunningWatch: @unchecked Sendable {
    typealias Model = WatchModel

    static func padded(_ number: Int) -> String { String(String(10_000 + number).suffix(4)) }
    static func groupID(_ number: Int) -> String { "00000000-0000-4000-8000-00000000" + padded(number) }
    static func personID(_ number: Int) -> String { "0b1ec700-0000-0000-0000-00000000" + padded(number) }

    static func rfc3339(_ seconds: Int) -> String { Timestamp(secondsSinceEpoch: Int64(seconds)).rfc3339 }

    let loop = EmbeddedEventLoop()
    private let wall: () -> Int
    private let makeGraph: (EmbeddedEventLoop) -> ScheduledGraph
    private let logger = Logger(label: "model") { _ in SwiftLogNoOpLogHandler() }
    private var graph: ScheduledGraph?
    private var watcher: DirectoryWatcher?
    private var engine: ReviewEngine?
    private var settings: Model.Settings?
    private var facts = WatchFacts.none
    private var authority: ScheduledAuthority?
    private var store: SigningKeyStore?

    /// - Parameters:
    ///   - wall: seconds since 1970, by the wall clock.
    ///   - makeGraph: makes the Graph of one watcher.
    init(wall: @escaping () -> Int, makeGraph: @escaping (EmbeddedEventLoop) -> ScheduledGraph) {
        self.wall = wall
        self.makeGraph = makeGraph
        var options = ServerOptions(
            listen: ListenAddress(host: "127.0.0.1", port: 0), cache: .init(entries: 16, maximumAge: .seconds(100)))
        options.limits.reviewDeadline = .milliseconds(Model.reviewDeadline)
        let metrics = ServerMetrics(factory: PrometheusRegistry(), version: "0", tenantIDs: [])
        let clock: @Sendable () -> Timestamp = { [self] in Timestamp(secondsSinceEpoch: Int64(self.wall())) }
        engine = ReviewEngine(
            turns: FairScheduler(eventLoop: loop, pause: .zero), options: options,
            basis: ReviewBasis(
                authenticator: Authenticator(Self.authentication(Model.Settings())), keys: KeySnapshot([:])),
            services: ReviewServices(
                refreshKeys: { [self] tenant, loop in store?.refreshForUnknownKey(tenant: tenant, on: loop) },
                firstAnswer: { [self] interest, deadline, loop in
                    watcher?.firstAnswer(interest, deadline: deadline, on: loop) ?? loop.makeSucceededVoidFuture()
                },
                keepWatching: { [self] in watcher?.remember($0) }),
            memory: ReviewMemory(options), metrics: metrics, log: DecisionLog(logger: logger, metrics: metrics),
            clock: clock)
    }

    // MARK: Keys

    /// Begins to fetch keys.
    func start(_ authority: ScheduledAuthority) {
        self.authority = authority
        replaceStore()
    }

    /// As the service does it when the way to the keys has changed: what is known and who waits is taken over.
    func replaceStore() {
        guard let authority else { return }
        authority.store += 1
        let number = authority.store
        var settings = SigningKeySettings()
        settings.refreshEvery = .milliseconds(Model.refreshEvery)
        settings.unknownKeyRefreshInterval = .seconds(10)
        settings.maximumAge = .seconds(1_000_000)
        let configuration = SigningKeyConfiguration(
            trust: Self.trust, settings: settings,
            fetch: { [authority] _, _ in authority.fetch(for: number) })
        let next = SigningKeyStore(
            configurations: [configuration], eventLoop: loop,
            environment: SigningKeyEnvironment(
                now: { [self] in Timestamp(secondsSinceEpoch: Int64(wall())) },
                uptime: { [loop] in loop.now + .seconds(1000) }, random: { 1 }),
            logger: logger, onChange: { [self] in engine?.update($0) })
        if let store {
            next.carryOver(from: store)
            store.stop()
            loop.run()
        }
        store = next
        next.start()
        engine?.update(next.snapshot())
        loop.run()
    }

    // MARK: Steps

    /// As the service does it at a reload: the same watch goes on where nothing of it has changed.
    func apply(_ next: Model.Settings) {
        let before = settings
        settings = next
        let isSame =
            before.map {
                $0.scope == next.scope && $0.every == next.every && $0.refusesInSilence == next.refusesInSilence
                    && $0.groups == next.groups
            } ?? false
        engine?.update(Authenticator(Self.authentication(next)))
        guard !isSame else { return }
        graph?.isRetired = true
        let earlier = watcher
        guard next.scope != .off else {
            watcher = nil
            earlier?.stop()
            return loop.run()
        }
        let graph = makeGraph(loop)
        self.graph = graph
        var settings = DirectorySettings(clientID: nil, credential: .managedIdentity)
        settings.graphEndpoint = "https://localhost"
        settings.cacheFor = .zero
        settings.watchEvery = .seconds(next.every)
        settings.whenSilent = next.refusesInSilence ? .refuse : .keep
        let configuration = DirectoryConfiguration(
            trust: Self.trust, settings: settings, groups: next.groups.map { TestTenant.guid(Self.groupID($0)) },
            graphClient: { () throws(HTTPSError) in throw .unreachable },
            authorityClient: { () throws(HTTPSError) in throw .unreachable })
        let watcher = DirectoryWatcher(
            configuration: configuration, eventLoop: loop,
            logger: logger, transport: graph,
            clock: { [self] in Timestamp(secondsSinceEpoch: Int64(wall())) },
            observe: { _ in },
            publish: { [self] tenant in
                facts = tenant.map { WatchFacts([TestTenant.guid(TestTenant.id): $0]) } ?? .none
                engine?.update(facts)
            })
        self.watcher = watcher
        watcher.start(after: earlier)
        loop.run()
    }

    /// - Parameter answered: called with the answer, at once or later.
    /// - Returns: whether the review waits.
    func review(_ token: String, answered: @escaping (Answer) -> Void) -> Bool {
        guard let engine else { return false }
        let step = engine.review(ByteBuffer(bytes: TokenReviewRequest.encode(token: token)))
        switch step {
        case .answer(let response):
            answered(Answer(response))
            loop.run()
            return false
        case .later(let future):
            future.assumeIsolated().whenSuccess { answered(Answer($0)) }
            loop.run()
            return true
        }
    }

    /// Why a request of somebody is denied; nil for no opinion.
    func denial(_ answer: Answer) -> String? {
        let user = ReviewedUser(groups: answer.rawGroups, extra: answer.extra)
        return engine?.authenticator.denial(
            of: user, watch: facts, now: Timestamp(secondsSinceEpoch: Int64(wall())))?.reason.code
    }

    func end() {
        watcher?.stop()
        graph?.end()
        store?.stop()
        authority?.end()
        loop.advanceTime(by: .seconds(20))
        engine = nil
        watcher = nil
        store = nil
    }

    /// An answer in the model's words.
    struct Answer {
        var text: String
        var groups: [String] = []
        var rawGroups: [String] = []
        var extra: [ExactText: [String]] = [:]

        init(_ response: ServerResponse) {
            guard let answer = try? response.body.withUnsafeReadableBytes({ try TokenReviewAnswer(decoding: $0) })
            else {
                text = "HTTP \(response.status)"
                return
            }
            guard let user = answer.user else {
                let error = answer.error ?? "foreign"
                text =
                    error.hasPrefix("kube-entra: ")
                    ? String(error.dropFirst("kube-entra: ".count).prefix { $0 != ":" }) : error
                return
            }
            rawGroups = user.groups
            groups = user.groups.map { name in
                let isID = name.hasPrefix("00000000-0000-4000-8000-")
                return isID ? "group \(Int(name.suffix(4)) ?? -1)" : name
            }
            text = "accepted: " + groups.joined(separator: ", ")
            extra = Dictionary(
                user.extra.map { (ExactText($0.name), $0.values) }, uniquingKeysWith: { first, _ in first })
        }

        var isAccepted: Bool { !extra.isEmpty }
        var hasEmergencyAccess: Bool { extra["kube-entra.dev/emergency-access"] != nil }
    }

    // MARK: Parts

    static let trust = TokenValidationRules(
        tenantID: TestTenant.guid(TestTenant.id), audiences: [TestTenant.audience])

    private static func authentication(_ settings: Model.Settings) -> AuthenticationSettings {
        var policy = TenantPolicy(adminGroupObjectIDs: [TestTenant.guid(groupID(settings.adminGroup))])
        if settings.hasMapping {
            policy.groupMappings = [
                GroupMapping(
                    groupObjectID: TestTenant.guid(groupID(Model.Settings.mapped)), kubernetesGroups: ["developers"])
            ]
        }
        if let emergency = settings.emergency {
            policy.emergencyAccess = [
                EmergencyEntry(
                    objectID: TestTenant.guid(personID(emergency.person)),
                    until: Timestamp(secondsSinceEpoch: Int64(emergency.until)), kubernetesGroups: [emergency.group],
                    reason: "test")
            ]
        }
        policy.denied = settings.denied.map { entry in
            DeniedEntry(
                target: entry.person.map { .objectID(TestTenant.guid(personID($0))) }
                    ?? .tokenID(ExactText(entry.tokenID ?? "")),
                issuedBefore: entry.issuedBefore.map { Timestamp(secondsSinceEpoch: Int64($0)) },
                until: entry.until.map { Timestamp(secondsSinceEpoch: Int64($0)) }, reason: "test")
        }
        let watch: WatchRule? =
            switch settings.scope {
            case .off: nil
            case .admins: WatchRule(scope: .admins, refusesInSilence: settings.refusesInSilence)
            case .everyone: WatchRule(scope: .everyone, refusesInSilence: settings.refusesInSilence)
            }
        return AuthenticationSettings(
            tenants: [TenantConfiguration(trust: trust, policy: policy, watch: watch)],
            kubernetes: KubernetesPolicy(adminGroups: ["admins"]))
    }

    static func sign(_ token: Model.Token) throws -> String {
        let claims = TestTokens.members(
            TestTokens.claims,
            [
                ("iat", .integer(Int64(token.issued))), ("nbf", .integer(Int64(Model.start - 2000))),
                ("exp", .integer(Int64(Model.start + 50_000))), ("oid", .string(personID(token.person))),
                ("upn", .string("person\(token.person)@example.com")), ("uti", .string(token.id)),
                ("groups", .array(token.groups.map { .string(groupID($0)) })),
            ])
        let header = TestTokens.members(TestTokens.header, [("kid", .string("k\(token.key)"))])
        return try TestTokens.sign(
            header: .object(header), payload: .object(claims), key: ScheduledAuthority.keys.get()[token.key])
    }
}
