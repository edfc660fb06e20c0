import Entra
import EntraTokens
import HTTPSClient
import NIOConcurrencyHelpers
import NIOCore
import Testing
import Timestamps

@testable import SigningKeys

@Suite struct OutageTests {
    @Test("24 hours without Entra: the last good keys serve to the second, then none; afterwards it heals by itself")
    func dayLong() throws {
        let world = try SimulatedWorld()
        let store = world.startedStore()
        world.pass(.minutes(90))
        let lastSuccess = try #require(world.state.withLockedValue { $0.lastSuccess })
        world.fail()
        let end = lastSuccess.adding(seconds: 86_400)
        let before = world.fetchCount
        while world.now < end {
            #expect(world.isUsable())
            #expect(store.status()[0].isUsable(now: world.now))
            #expect(world.state.withLockedValue { $0.keyCount } == 1)
            // Unknown key IDs arrive all day long.
            _ = store.refreshForUnknownKey(tenant: world.trust.tenantID, on: world.loop)
            world.pass(.seconds(min(97, end.seconds(since: world.now))))
        }
        #expect(world.now == end)
        #expect(!world.isUsable())
        #expect(!store.status()[0].isUsable(now: world.now))
        world.pass(.seconds(2))
        #expect(world.snapshot?.keySets.isEmpty == true)
        #expect(world.state.withLockedValue { $0.keyCount } == 0)
        #expect(world.state.withLockedValue { $0.lastSuccess } == lastSuccess)
        // One attempt a minute, each for both versions, and what unknown key IDs may add.
        #expect(world.fetchCount - before < 2 * (24 * 60 + 24 * 12) + 20)
        #expect(world.fetchCount - before > 2 * 24 * 60)
        #expect(store.status()[0].lastError?.contains("refused") == true)

        world.pass(.hours(3))
        #expect(!world.isUsable())
        world.heal()
        world.pass(.seconds(15))
        #expect(world.isUsable())
        #expect(store.status()[0].lastError == nil)
        #expect(world.state.withLockedValue { $0.keyCount } == 1)
    }

    @Test("an outage that ends just after the keys got too old is over within 15 seconds", arguments: [0.0, 0.5, 1.0])
    func soonAfterTheEnd(random: Double) throws {
        let world = try SimulatedWorld()
        world.change { $0.random = random }
        let store = world.startedStore()
        world.fail()
        world.pass(.hours(24))
        #expect(!world.isUsable())
        world.heal()
        world.pass(.seconds(15))
        #expect(world.isUsable())
        store.stop()
    }

    @Test("a start without Entra tries again and again, and says why there are no keys")
    func startDuringAnOutage() throws {
        let world = try SimulatedWorld()
        world.fail(.metadata(.nameNotFound))
        let store = world.startedStore()
        world.pass(.hours(3))
        #expect(!store.status()[0].isUsable(now: world.now))
        #expect(store.status()[0].lastError?.contains("host name was not found") == true)
        #expect(Set(world.state.withLockedValue { $0.results }) == ["dns"])
        world.heal()
        world.pass(.seconds(4))
        #expect(store.status()[0].isUsable(now: world.now))
    }

    @Test("one version's keys age on their own while the other's are renewed")
    func oneVersionFails() throws {
        let world = try SimulatedWorld()
        world.change { $0.keyIDs = [.v1: ["a", "old"], .v2: ["a"]] }
        let store = world.startedStore()
        world.change { $0.failures = [.v1: .metadata(.status(500))] }
        world.pass(.hours(23))
        #expect(world.usableKeyIDs() == ["a", "old"])
        world.pass(.minutes(61))
        #expect(world.usableKeyIDs() == ["a"])
        // That half is asked again more and more seldom.
        let before = world.fetchCount
        world.pass(.hours(10))
        #expect(world.fetchCount - before <= 2 * 45)
        store.stop()
    }

    @Test("an authority that never served one version is no failure; one that stopped is")
    func notServed() throws {
        let world = try SimulatedWorld()
        world.change { $0.failures = [.v1: .metadata(.status(404))] }
        let store = world.startedStore()
        #expect(world.state.withLockedValue { $0.results } == ["success"])
        world.heal()
        world.pass(.hours(1))
        world.change { $0.failures = [.v1: .metadata(.status(404))] }
        world.pass(.hours(1))
        #expect(world.state.withLockedValue { $0.results.contains("http_status") })
        store.stop()
    }

    @Test("a set without a usable key never replaces a good one")
    func noUsableKeys() throws {
        let world = try SimulatedWorld()
        let store = world.startedStore()
        world.fail(.noUsableKeys(nil))
        world.pass(.hours(2))
        #expect(world.usableKeyIDs() == ["a"])
        #expect(world.state.withLockedValue { $0.results.contains("no_usable_keys") })
        store.stop()
    }
}
