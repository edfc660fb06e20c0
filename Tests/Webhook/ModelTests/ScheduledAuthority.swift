import EntraTokens
import JOSE
import Jansson
import NIOCore
import NIOEmbedded
import OpenSSL
import SafeText
import SigningKeys

/// An Entra that publishes signing keys, and answers fetches when the test's schedule says.
// Sendable without checks: everything happens on the test's thread.
final class ScheduledAuthority: @unchecked Sendable {
    enum Mode: CaseIterable {
        case serving, failing, hanging
    }

    struct Unreachable: Error {}

    /// One fetch of a store asks for the keys of both token versions.
    private struct Fetch {
        var store: Int
        var began: NIODeadline
        var promises: [EventLoopPromise<FetchedKeySet>]
    }

    static let keys = Result { try (0..<3).map { _ in try PrivateKey.generateRSA() } }

    private(set) var published: Set<Int> = [0]
    private(set) var mode = Mode.serving
    /// Which store's answers count; those of earlier ones are ignored.
    var store = 0
    private let loop: EmbeddedEventLoop
    private let delay: () -> Int64
    /// Told of the keys that arrive, before the program is.
    private let deliver: (Set<Int>) -> Void
    private var open: [Fetch] = []
    private var held: [Fetch] = []

    init(loop: EmbeddedEventLoop, delay: @escaping () -> Int64, deliver: @escaping (Set<Int>) -> Void) {
        self.loop = loop
        self.delay = delay
        self.deliver = deliver
    }

    func publish(_ keys: Set<Int>) { published = keys }

    func set(_ mode: Mode) {
        self.mode = mode
        guard mode != .hanging else { return }
        let ended = held
        held = []
        for fetch in ended { end(fetch) }
        loop.run()
    }

    func fetch(for store: Int) -> EventLoopFuture<FetchedKeySet> {
        let promise = loop.makePromise(of: FetchedKeySet.self)
        if let index = open.firstIndex(where: { $0.store == store && $0.began == loop.now && $0.promises.count == 1 }) {
            open[index].promises.append(promise)
            return promise.futureResult
        }
        open.append(Fetch(store: store, began: loop.now, promises: [promise]))
        loop.scheduleTask(in: .milliseconds(1 + delay())) { [self] in
            let fetch = open.removeFirst()
            if mode == .hanging { held.append(fetch) } else { end(fetch) }
        }
        return promise.futureResult
    }

    private func end(_ fetch: Fetch) {
        let keys = published
        let result = Result {
            guard mode == .serving else { throw Unreachable() }
            return FetchedKeySet(report: try Self.keySet(keys))
        }
        if mode == .serving, fetch.store == store { deliver(keys) }
        for promise in fetch.promises { promise.completeWith(result) }
    }

    private static func keySet(_ numbers: Set<Int>) throws -> KeySetReport {
        let all = try keys.get()
        let jwks = numbers.sorted().map { number in
            JSON.object([
                ("kty", "RSA"), ("use", "sig"), ("kid", .string("k\(number)")),
                ("n", .string(Base64URL.encode(all[number].publicKey.rsaModulus ?? []))), ("e", "AQAB"),
            ])
        }
        return try KeySetReader.read(JSON.object([("keys", .array(jwks))]).render(), trust: RunningWatch.trust)
    }

    func end() {
        for fetch in open + held { for promise in fetch.promises { promise.fail(Unreachable()) } }
        open = []
        held = []
    }
}
