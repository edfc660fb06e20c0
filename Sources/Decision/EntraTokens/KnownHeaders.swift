import Glibc
package import OpenSSL
import Synchronization

/// The header of a token whose signature was verified, and the keys with its key ID.
package final class KnownHeader: Sendable {
    /// The first part of the token. Strict base64url has one form for each header, so the same part is the same header.
    fileprivate let part: [UInt8]
    /// The decoded part.
    package let bytes: SecureBytes
    package let header: TokenHeader
    /// All keys of the snapshot with the header's key ID, also those from sets that are too old.
    let candidates: [KeyCandidate]

    init(part: [UInt8], bytes: SecureBytes, header: TokenHeader, candidates: [KeyCandidate]) {
        self.part = part
        self.bytes = bytes
        self.header = header
        self.candidates = candidates
    }

    fileprivate func isPart(_ bytes: UnsafeRawBufferPointer) -> Bool {
        part.withUnsafeBytes { part in
            guard part.count == bytes.count, let one = part.baseAddress, let other = bytes.baseAddress else {
                return false
            }
            return memcmp(one, other, part.count) == 0
        }
    }
}

/// Headers that were accepted with the keys of one snapshot: Entra writes the same one into every token of a key.
///
/// A header is kept as long as the snapshot, and only a verified signature brings one in, so that strangers can neither
/// fill nor replace it. Reading takes no lock: a place is filled once and never changes again.
final class KnownHeaders: Sendable {
    /// Longer headers are parsed each time. Entra's have about 200 characters.
    private static let maximumLength = 1024

    private let places = InlineArray<16, Atomic<Unmanaged<KnownHeader>?>> { _ in Atomic(nil) }

    deinit {
        for index in places.indices { places[index].load(ordering: .acquiring)?.release() }
    }

    /// The header that has this encoded form; nil if it is not kept.
    func find(_ part: UnsafeRawBufferPointer) -> KnownHeader? {
        for index in places.indices {
            // Places are filled in their order.
            guard let known = places[index].load(ordering: .acquiring) else { return nil }
            let isPart = known._withUnsafeGuaranteedRef { $0.isPart(part) }
            if isPart { return known.takeUnretainedValue() }
        }
        return nil
    }

    /// Keeps a header if there is room. Two threads may keep the same one, which takes a place and changes nothing.
    func keep(_ header: KnownHeader) {
        guard header.part.count <= Self.maximumLength else { return }
        let kept = Unmanaged.passRetained(header)
        for index in places.indices {
            let exchange = places[index].compareExchange(
                expected: nil, desired: kept, ordering: .acquiringAndReleasing)
            if exchange.exchanged { return }
        }
        kept.release()
    }
}
