import Entra
import EntraTokens
import HTTPSClient
import Jansson
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import OpenSSL
import SafeText
import TestSupport
import Testing
import Timestamps

@testable import SigningKeys

@Suite struct RefreshTests {
    /// Counts futures that have ended.
    final class Ended {
        var count = 0

        func watch(_ future: EventLoopFuture<Void>?) {
            future?.assumeIsolatedUnsafeUnchecked().whenComplete { _ in self.count += 1 }
        }
    }

    @Test("a flood of unknown key IDs costs one fetch in the interval, and all who wait go on together")
    func flood() throws {
        let simulation = try SimulatedAuthority()
        let store = simulation.startedStore()
        simulation.change { $0.delay = .milliseconds(300) }
        let before = simulation.fetchCount
        let ended = Ended()
        for _ in 0..<500 {
            ended.watch(store.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop))
        }
        simulation.pass(.milliseconds(200))
        #expect(ended.count == 0)
        simulation.pass(.milliseconds(200))
        #expect(ended.count == 500)
        #expect(simulation.fetchCount - before == 2)
        // Until the interval is over there is nothing to wait for.
        for _ in 0..<298 {
            #expect(store.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop) == nil)
            simulation.pass(.seconds(1))
        }
        #expect(simulation.fetchCount - before == 2)
        simulation.pass(.seconds(2))
        #expect(store.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop) != nil)
        simulation.pass(.seconds(1))
        #expect(simulation.fetchCount - before == 4)
        store.stop()
    }

    @Test("no more than so many may wait")
    func crowd() throws {
        let simulation = try SimulatedAuthority()
        var configuration = simulation.makeConfiguration()
        configuration.maximumWaiters = 10
        let store = simulation.startedStore(configuration)
        simulation.change { $0.delay = .seconds(5) }
        let futures = (0..<20).map { _ in
            store.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop)
        }
        #expect(futures.map { $0 != nil } == Array(repeating: true, count: 10) + Array(repeating: false, count: 10))
        simulation.pass(.seconds(6))
        store.stop()
    }

    @Test("the first snapshot has the keys of a key file")
    func keyFile() throws {
        try TemporaryFolder.with { folder in
            let simulation = try SimulatedAuthority()
            let key = try TestTenant.key.get().publicKey
            try folder.write("keys.json", TestTokens.keySet([TestTokens.jwk(key, keyID: "f", [("use", nil)])]).render())
            var configuration = simulation.makeConfiguration()
            configuration.settings.file = folder.path("keys.json")
            let store = simulation.makeStore(configuration)
            store.start()
            defer { store.stop() }
            let first = try #require(simulation.state.withLockedValue { $0.snapshots.first })
            #expect(first.keySets[simulation.trust.tenantID]?.keys.map(\.keyID.text) == ["f"])
        }
    }

    @Test("a new key is in the snapshot before anybody who waits for it goes on; a removed one is not any more")
    func rotation() throws {
        let simulation = try SimulatedAuthority()
        let store = simulation.startedStore()
        simulation.change { $0.keyIDs = [.v1: ["b"], .v2: ["b"]] }
        var seen: Set<String>?
        let future = try #require(store.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop))
        future.assumeIsolatedUnsafeUnchecked().whenComplete { _ in seen = simulation.usableKeyIDs() }
        simulation.pass(.milliseconds(1))
        #expect(seen?.contains("b") == true)
        #expect(simulation.usableKeyIDs() == ["b"])
        store.stop()
    }

    @Test("whoever waits for one version's keys need not wait for the other's")
    func halves() throws {
        let simulation = try SimulatedAuthority()
        let configuration = simulation.makeConfiguration()
        var slow = configuration
        slow.fetch = { version, eventLoop in
            let set = configuration.fetch(version, eventLoop)
            guard version == .v1, simulation.fetchCount > 2 else { return set }
            return set.flatMap { set in eventLoop.scheduleTask(in: .seconds(8)) { set }.futureResult }
        }
        let store = simulation.startedStore(slow)
        simulation.change { $0.keyIDs = [.v1: ["a"], .v2: ["a", "b"]] }
        let ended = Ended()
        ended.watch(store.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop))
        simulation.pass(.milliseconds(10))
        #expect(ended.count == 1)
        #expect(simulation.usableKeyIDs() == ["a", "b"])
        // The fetch itself goes on, and who asks now waits for its other half.
        ended.watch(store.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop))
        simulation.pass(.seconds(9))
        #expect(ended.count == 2)
        #expect(simulation.fetchCount == 4)
        store.stop()
    }

    @Test("refreshes come at the configured pace, a little sooner by chance", arguments: [0.0, 1.0])
    func pace(random: Double) throws {
        let simulation = try SimulatedAuthority()
        simulation.change { $0.random = random }
        let store = simulation.startedStore()
        simulation.pass(.hours(9))
        #expect(simulation.fetchCount == 2 * (random == 0 ? 10 : 11))
        store.stop()
        simulation.pass(.hours(9))
        #expect(simulation.fetchCount == 2 * (random == 0 ? 10 : 11))
    }

    @Test("what a store fetches that has ended is not handed on")
    func ended() throws {
        let simulation = try SimulatedAuthority()
        let store = simulation.startedStore()
        simulation.change { $0.delay = .seconds(1) }
        let ended = Ended()
        ended.watch(store.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop))
        simulation.pass(.milliseconds(100))
        let snapshots = simulation.state.withLockedValue { $0.snapshots.count }
        store.stop()
        simulation.pass(.seconds(10))
        #expect(ended.count == 1)
        #expect(simulation.state.withLockedValue { $0.snapshots.count } == snapshots)
        #expect(store.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop) == nil)
    }

    @Test("a store that asks another authority does not take over the keys of the old one")
    func otherAuthority() throws {
        let simulation = try SimulatedAuthority()
        let first = simulation.startedStore()
        #expect(simulation.usableKeyIDs() == ["a"])
        var configuration = simulation.makeConfiguration()
        configuration.trust.authority = "https://other.example"
        let second = simulation.makeStore(configuration)
        second.carryOver(from: first)
        first.stop()
        #expect(second.snapshot().keySets.isEmpty)
        second.start()
        #expect(simulation.snapshot?.keySets.isEmpty == true)
        second.stop()
    }

    @Test("a store hands nothing on while keys are taken over, and then everything at once")
    func oneSnapshot() throws {
        let simulation = try SimulatedAuthority()
        let first = simulation.startedStore()
        let before = simulation.state.withLockedValue { $0.snapshots.count }
        let second = simulation.makeStore(simulation.makeConfiguration())
        second.carryOver(from: first)
        first.stop()
        #expect(simulation.state.withLockedValue { $0.snapshots.count } == before)
        second.start()
        #expect(simulation.state.withLockedValue { $0.snapshots.count } == before + 1)
        #expect(simulation.usableKeyIDs() == ["a"])
        second.stop()
    }

    @Test("nobody's keys are fetched for a tenant that is not configured")
    func unknownTenant() throws {
        let simulation = try SimulatedAuthority()
        let store = simulation.startedStore()
        simulation.pass(.minutes(10))
        #expect(store.refreshForUnknownKey(tenant: .zero, on: simulation.loop) == nil)
        store.stop()
    }

    @Test("another configuration's store goes on with the keys, their age, the restraint, and those who wait")
    func carriedOver() throws {
        let simulation = try SimulatedAuthority()
        let first = simulation.startedStore()
        simulation.pass(.minutes(30))
        simulation.change { $0.delay = .seconds(1) }
        let ended = Ended()
        ended.watch(first.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop))
        simulation.pass(.milliseconds(100))
        let second = simulation.makeStore(simulation.makeConfiguration(maximumAge: .seconds(7200)))
        second.carryOver(from: first)
        first.stop()
        #expect(ended.count == 0)
        #expect(simulation.usableKeyIDs() == ["a"])
        simulation.fail()
        second.start()
        // After the failure, and before the next attempt.
        simulation.pass(.milliseconds(1500))
        #expect(ended.count == 1)
        #expect(second.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop) == nil)
        simulation.pass(.minutes(89))
        #expect(simulation.isUsable())
        simulation.pass(.minutes(1))
        #expect(!simulation.isUsable())
        second.stop()
    }
}
