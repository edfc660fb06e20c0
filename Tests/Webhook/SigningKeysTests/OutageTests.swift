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
        let simulation = try SimulatedAuthority()
        let store = simulation.startedStore()
        simulation.pass(.minutes(90))
        let lastSuccess = try #require(simulation.state.withLockedValue { $0.lastSuccess })
        simulation.fail()
        let end = lastSuccess.adding(seconds: 86_400)
        let before = simulation.fetchCount
        while simulation.now < end {
            #expect(simulation.isUsable())
            #expect(store.status()[0].isUsable(now: simulation.now))
            #expect(simulation.state.withLockedValue { $0.keyCount } == 1)
            // Unknown key IDs arrive all day long.
            _ = store.refreshForUnknownKey(tenant: simulation.trust.tenantID, on: simulation.loop)
            simulation.pass(.seconds(min(97, end.seconds(since: simulation.now))))
        }
        #expect(simulation.now == end)
        #expect(!simulation.isUsable())
        #expect(!store.status()[0].isUsable(now: simulation.now))
        simulation.pass(.seconds(2))
        #expect(simulation.snapshot?.keySets.isEmpty == true)
        #expect(simulation.state.withLockedValue { $0.keyCount } == 0)
        #expect(simulation.state.withLockedValue { $0.lastSuccess } == lastSuccess)
        // One attempt a minute, each for both versions, and what unknown key IDs may add.
        let fetches = simulation.fetchCount - before
        #expect(fetches < 2 * 24 * (60 + 12) + 20)
        #expect(fetches > 2 * 24 * 60)
        #expect(store.status()[0].lastError?.contains("refused") == true)

        simulation.pass(.hours(3))
        #expect(!simulation.isUsable())
        simulation.heal()
        simulation.pass(.seconds(15))
        #expect(simulation.isUsable())
        #expect(store.status()[0].lastError == nil)
        #expect(simulation.state.withLockedValue { $0.keyCount } == 1)
    }

    @Test("an outage that ends just after the keys got too old is over within 15 seconds", arguments: [0.0, 0.5, 1.0])
    func soonAfterTheEnd(random: Double) throws {
        let simulation = try SimulatedAuthority()
        simulation.change { $0.random = random }
        let store = simulation.startedStore()
        simulation.fail()
        simulation.pass(.hours(24))
        #expect(!simulation.isUsable())
        simulation.heal()
        simulation.pass(.seconds(15))
        #expect(simulation.isUsable())
        store.stop()
    }

    @Test("a start without Entra tries again and again, and says why there are no keys")
    func startDuringAnOutage() throws {
        let simulation = try SimulatedAuthority()
        simulation.fail(.metadata(.nameNotFound))
        let store = simulation.startedStore()
        simulation.pass(.hours(3))
        #expect(!store.status()[0].isUsable(now: simulation.now))
        #expect(store.status()[0].lastError?.contains("host name was not found") == true)
        #expect(Set(simulation.state.withLockedValue { $0.results }) == ["dns"])
        simulation.heal()
        simulation.pass(.seconds(4))
        #expect(store.status()[0].isUsable(now: simulation.now))
    }

    @Test("one version's keys age on their own while the other's are renewed")
    func oneVersionFails() throws {
        let simulation = try SimulatedAuthority()
        simulation.change { $0.keyIDs = [.v1: ["a", "old"], .v2: ["a"]] }
        let store = simulation.startedStore()
        simulation.change { $0.failures = [.v1: .metadata(.status(500))] }
        simulation.pass(.hours(23))
        #expect(simulation.usableKeyIDs() == ["a", "old"])
        simulation.pass(.minutes(61))
        #expect(simulation.usableKeyIDs() == ["a"])
        // That half is asked again more and more seldom.
        let before = simulation.fetchCount
        simulation.pass(.hours(10))
        #expect(simulation.fetchCount - before <= 2 * 45)
        store.stop()
    }

    @Test("an authority that never served one version is no failure; one that stopped is")
    func notServed() throws {
        let simulation = try SimulatedAuthority()
        simulation.change { $0.failures = [.v1: .metadata(.status(404))] }
        let store = simulation.startedStore()
        #expect(simulation.state.withLockedValue { $0.results } == ["success"])
        simulation.heal()
        simulation.pass(.hours(1))
        simulation.change { $0.failures = [.v1: .metadata(.status(404))] }
        simulation.pass(.hours(1))
        #expect(simulation.state.withLockedValue { $0.results.contains("http_status") })
        store.stop()
    }

    @Test("a set without a usable key never replaces a good one")
    func noUsableKeys() throws {
        let simulation = try SimulatedAuthority()
        let store = simulation.startedStore()
        simulation.fail(.noUsableKeys(nil))
        simulation.pass(.hours(2))
        #expect(simulation.usableKeyIDs() == ["a"])
        #expect(simulation.state.withLockedValue { $0.results.contains("no_usable_keys") })
        store.stop()
    }
}
