import Synchronization

import struct NIOConcurrencyHelpers.NIOLockedValueBox

/// Counts connections and bytes for all event loops together. It uses atomics, so that no event loop waits for another.
final class ConnectionLimiter: Sendable {
    private let byteLimit: Atomic<Int>
    private let bytes = Atomic<Int>(0)
    /// For access reviews, which have a quarter of their own: neither kind of review can crowd out the other.
    private let accessBytes = Atomic<Int>(0)
    /// Connections that have not sent anything yet.
    let silent: WaitingConnections
    /// Connections in their handshake.
    let handshaking: WaitingConnections
    // The lock is taken when a connection begins, ends or asks its first review, never for another request. It is a
    // pthread lock, because the thread sanitizer does not recognize those of Synchronization.
    private let places: NIOLockedValueBox<ConnectionPlaces>

    init(limits: ServerLimits) {
        byteLimit = Atomic(limits.bytesInFlight)
        places = NIOLockedValueBox(ConnectionPlaces(limits: limits))
        silent = WaitingConnections(capacity: limits.silentConnections)
        handshaking = WaitingConnections(capacity: limits.handshakes)
    }

    /// Open connections and bytes in flight stay.
    func update(_ limits: ServerLimits) {
        byteLimit.store(limits.bytesInFlight, ordering: .relaxed)
        places.withLockedValue { $0.update(limits) }
        silent.update(capacity: limits.silentConnections)
        handshaking.update(capacity: limits.handshakes)
    }

    var bytesInFlight: Int { bytes.load(ordering: .relaxed) }
    /// Connections in all stages.
    var openConnections: Int { withPlaces { $0.count } + silent.count + handshaking.count }

    /// In bytes. A larger body of an access review is accepted only while all of them together use at most half of
    /// their share, so that a small one always finds room. kube-apiserver's own reviews are far smaller, but a user can
    /// cause a review of almost any size.
    static let smallAccessReview = 65_536

    /// Counts a part of a body as in flight.
    ///
    /// - Parameter earlier: the bytes of the same body that are counted already.
    /// - Returns: false if there are too many, and it isn't counted.
    func reserve(bytes count: Int, for endpoint: RequestStateMachine.Endpoint, after earlier: Int = 0) -> Bool {
        guard endpoint == .accessReviews else { return reserve(bytes: count) }
        let share = byteLimit.load(ordering: .relaxed) / 4
        let sum = accessBytes.wrappingAdd(count, ordering: .relaxed).newValue
        guard sum <= (earlier + count > Self.smallAccessReview ? share / 2 : share) else {
            release(bytes: count, for: endpoint)
            return false
        }
        return true
    }

    func release(bytes count: Int, for endpoint: RequestStateMachine.Endpoint) {
        guard endpoint == .accessReviews else { return release(bytes: count) }
        guard count > 0 else { return }
        accessBytes.wrappingSubtract(count, ordering: .relaxed)
    }

    func reserve(bytes count: Int) -> Bool {
        let sum = bytes.wrappingAdd(count, ordering: .relaxed).newValue
        guard sum <= byteLimit.load(ordering: .relaxed) else {
            release(bytes: count)
            return false
        }
        return true
    }

    func release(bytes count: Int) {
        guard count > 0 else { return }
        bytes.wrappingSubtract(count, ordering: .relaxed)
    }

    /// The places of connections whose handshake is complete.
    func withPlaces<Result>(_ body: (inout ConnectionPlaces) -> Result) -> Result { places.withLockedValue(body) }
}
