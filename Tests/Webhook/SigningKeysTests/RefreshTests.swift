import Entra
import EntraTokens
import HTTPSClient
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
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
        let world = try SimulatedWorld()
        let store = world.startedStore()
        world.change { $0.delay = .milliseconds(300) }
        let before = world.fetchCount
        let ended = Ended()
        for _ in 0..<500 { ended.watch(store.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop)) }
        world.pass(.milliseconds(200))
        #expect(ended.count == 0)
        world.pass(.milliseconds(200))
        #expect(ended.count == 500)
        #expect(world.fetchCount - before == 2)
        // Until the interval is over there is nothing to wait for.
        for _ in 0..<298 {
            #expect(store.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop) == nil)
            world.pass(.seconds(1))
        }
        #expect(world.fetchCount - before == 2)
        world.pass(.seconds(2))
        #expect(store.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop) != nil)
        world.pass(.seconds(1))
        #expect(world.fetchCount - before == 4)
        store.stop()
    }

    @Test("no more than so many may wait")
    func crowd() throws {
        let world = try SimulatedWorld()
        var plan = world.makePlan()
        plan.maximumWaiters = 10
        let store = world.startedStore(plan)
        world.change { $0.delay = .seconds(5) }
        let futures = (0..<20).map { _ in store.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop) }
        #expect(futures.map { $0 != nil } == Array(repeating: true, count: 10) + Array(repeating: false, count: 10))
        world.pass(.seconds(6))
        store.stop()
    }

    @Test("a new key is in the snapshot before anybody who waits for it goes on; a removed one is not any more")
    func rotation() throws {
        let world = try SimulatedWorld()
        let store = world.startedStore()
        world.change { $0.keyIDs = [.v1: ["b"], .v2: ["b"]] }
        var seen: Set<String>?
        let future = try #require(store.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop))
        future.assumeIsolatedUnsafeUnchecked().whenComplete { _ in seen = world.usableKeyIDs() }
        world.pass(.milliseconds(1))
        #expect(seen?.contains("b") == true)
        #expect(world.usableKeyIDs() == ["b"])
        store.stop()
    }

    @Test("whoever waits for one version's keys need not wait for the other's")
    func halves() throws {
        let world = try SimulatedWorld()
        let plan = world.makePlan()
        var slow = plan
        slow.fetch = { version, eventLoop in
            let set = plan.fetch(version, eventLoop)
            guard version == .v1, world.fetchCount > 2 else { return set }
            return set.flatMap { set in eventLoop.scheduleTask(in: .seconds(8)) { set }.futureResult }
        }
        let store = world.startedStore(slow)
        world.change { $0.keyIDs = [.v1: ["a"], .v2: ["a", "b"]] }
        let ended = Ended()
        ended.watch(store.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop))
        world.pass(.milliseconds(10))
        #expect(ended.count == 1)
        #expect(world.usableKeyIDs() == ["a", "b"])
        // The fetch itself goes on, and who asks now waits for its other half.
        ended.watch(store.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop))
        world.pass(.seconds(9))
        #expect(ended.count == 2)
        #expect(world.fetchCount == 4)
        store.stop()
    }

    @Test("refreshes come at the configured pace, a little sooner by chance", arguments: [0.0, 1.0])
    func pace(random: Double) throws {
        let world = try SimulatedWorld()
        world.change { $0.random = random }
        let store = world.startedStore()
        world.pass(.hours(9))
        #expect(world.fetchCount == 2 * (random == 0 ? 10 : 11))
        store.stop()
        world.pass(.hours(9))
        #expect(world.fetchCount == 2 * (random == 0 ? 10 : 11))
    }

    @Test("what a store fetches that has ended is not handed on")
    func ended() throws {
        let world = try SimulatedWorld()
        let store = world.startedStore()
        world.change { $0.delay = .seconds(1) }
        let ended = Ended()
        ended.watch(store.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop))
        world.pass(.milliseconds(100))
        let snapshots = world.state.withLockedValue { $0.snapshots.count }
        store.stop()
        world.pass(.seconds(10))
        #expect(ended.count == 1)
        #expect(world.state.withLockedValue { $0.snapshots.count } == snapshots)
        #expect(store.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop) == nil)
    }

    @Test("a store that asks another authority does not take over the keys of the old one")
    func otherAuthority() throws {
        let world = try SimulatedWorld()
        let first = world.startedStore()
        #expect(world.usableKeyIDs() == ["a"])
        var plan = world.makePlan()
        plan.trust.authority = "https://other.example"
        let second = world.makeStore(plan)
        second.carryOver(from: first)
        first.stop()
        #expect(second.snapshot().keySets.isEmpty)
        second.start()
        #expect(world.snapshot?.keySets.isEmpty == true)
        second.stop()
    }

    @Test("a store hands nothing on while keys are taken over, and then everything at once")
    func oneSnapshot() throws {
        let world = try SimulatedWorld()
        let first = world.startedStore()
        let before = world.state.withLockedValue { $0.snapshots.count }
        let second = world.makeStore(world.makePlan())
        second.carryOver(from: first)
        first.stop()
        #expect(world.state.withLockedValue { $0.snapshots.count } == before)
        second.start()
        #expect(world.state.withLockedValue { $0.snapshots.count } == before + 1)
        #expect(world.usableKeyIDs() == ["a"])
        second.stop()
    }

    @Test("nobody's keys are fetched for a tenant that is not configured")
    func unknownTenant() throws {
        let world = try SimulatedWorld()
        let store = world.startedStore()
        world.pass(.minutes(10))
        #expect(store.refreshForUnknownKey(tenant: .zero, on: world.loop) == nil)
        store.stop()
    }

    @Test("another configuration's store goes on with the keys, their age, the restraint, and those who wait")
    func carriedOver() throws {
        let world = try SimulatedWorld()
        let first = world.startedStore()
        world.pass(.minutes(30))
        world.change { $0.delay = .seconds(1) }
        let ended = Ended()
        ended.watch(first.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop))
        world.pass(.milliseconds(100))
        let second = world.makeStore(world.makePlan(maximumAge: .seconds(7200)))
        second.carryOver(from: first)
        first.stop()
        #expect(ended.count == 0)
        #expect(world.usableKeyIDs() == ["a"])
        world.fail()
        second.start()
        // After the failure, and before the next attempt.
        world.pass(.milliseconds(1500))
        #expect(ended.count == 1)
        #expect(second.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop) == nil)
        world.pass(.minutes(89))
        #expect(world.isUsable())
        world.pass(.minutes(1))
        #expect(!world.isUsable())
        second.stop()
    }
}
