import Authentication
import Entra
import EntraTokens
import Jansson

/// A header, with valid claims and a valid signature.
struct HeaderTarget: FuzzTarget {
    private let authenticator = FuzzTenant.authenticator()
    private let keys: KeySnapshot
    private let payload = JSON.object(FuzzTenant.claims).render()

    init() throws { keys = try FuzzTenant.keys.get() }

    func run(_ input: UnsafeRawBufferPointer) throws {
        guard input.count <= 16_384 else { return }
        let token = try FuzzTenant.sign(header: Array(input), payload: payload)
        let decision = token.withUnsafeBytes { checkDecision($0, authenticator, keys: keys) }
        let isGood = isAcceptable(Array(input))
        require(
            (decision.access != nil) == isGood,
            "a header that \(isGood ? "is good" : "is not good") got \(decision.reason?.code ?? "yes")")
    }

    /// RFC 7515 section 4 and the contract, written a second time and differently.
    private func isAcceptable(_ header: [UInt8]) -> Bool {
        guard header.count <= 4096, let root = try? JSONDocument(parsing: header, maximumDepth: 8).root,
            root.kind == .object, count(root) <= 64
        else {
            return false
        }
        for (name, value) in root.members ?? [] {
            let bytes = value.withStringBytes { Array($0) }
            switch Array(name.utf8) {
            case Array("alg".utf8):
                guard bytes == Array("RS256".utf8) else { return false }
            case Array("kid".utf8):
                guard bytes == Array("k1".utf8) else { return false }
            case Array("typ".utf8):
                let types = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"]
                let folded = bytes?.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
                guard types.contains(where: { Array($0.utf8) == folded }) else { return false }
            case let name:
                let bad = ["jku", "x5u", "jwk", "x5c", "crit", "b64", "zip", "cty", "nonce"]
                guard !bad.contains(where: { Array($0.utf8) == name }) else { return false }
            }
        }
        return root["alg"] != nil && root["kid"] != nil
    }

    /// Number of values in a value, itself included.
    private func count(_ value: JSONValue) -> Int {
        1 + (value.array?.reduce(0) { $0 + count($1) } ?? 0)
            + (value.members?.reduce(0) { $0 + count($1.value) } ?? 0)
    }
}
