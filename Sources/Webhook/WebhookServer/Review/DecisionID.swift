/// IDs of decisions, which connect an answer's error with its log line.
///
/// Twelve characters of Crockford's base32: 60 bits, counted up from a random start in each event loop.
struct DecisionIDs {
    private var next: UInt64

    init(start: UInt64 = .random(in: 0...UInt64.max)) {
        next = start
    }

    mutating func make() -> String {
        defer { next &+= 1 }
        let alphabet: StaticString = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
        let value = next
        return String(unsafeUninitializedCapacity: 12) { buffer in
            for index in 0..<12 {
                buffer[index] = alphabet.utf8Start[Int(value >> UInt64(55 - index * 5) & 31)]
            }
            return 12
        }
    }
}
