import Authentication
import Entra
import EntraTokens
import JOSE
import Jansson
import OpenSSL
import SafeText
import Timestamps

/// A proof-of-possession token: a line with the header, then the payload. `$T`, `$N`, `$E` and `$K` are replaced by
/// values that only this process knows: a bound access token, the proof key's modulus and exponent, and its thumbprint.
/// With an exclamation mark at the start, another key signs.
struct ProofTarget: FuzzTarget {
    private let authenticator = FuzzTenant.authenticator {
        $0.trust.proofOfPossession = .accept
        $0.trust.clusterHost = FuzzTenant.clusterHost
    }
    private let keys: KeySnapshot
    private let proofKey = try? PrivateKey.generateRSA()
    private let strangeKey = try? PrivateKey.generateRSA()
    private let modulus: String
    private let exponent: String
    private let thumbprint: String
    private let accessToken: [UInt8]

    init() throws {
        keys = try FuzzTenant.keys.get()
        modulus = Base64URL.encode(proofKey?.publicKey.rsaModulus ?? [])
        exponent = Base64URL.encode(proofKey?.publicKey.rsaExponent ?? [])
        let jwk = "{\"e\":\"\(exponent)\",\"kty\":\"RSA\",\"n\":\"\(modulus)\"}"
        let digest = Array(jwk.utf8).withUnsafeBytes { SHA256Digest(hashing: $0) }
        thumbprint = Base64URL.encode(digest.bytes)
        let bound = FuzzTenant.claims + [("cnf", JSON.object([("kid", .string(thumbprint))]))]
        accessToken = try FuzzTenant.sign(header: FuzzTenant.header, payload: JSON.object(bound).render())
    }

    func run(_ input: UnsafeRawBufferPointer) throws {
        guard input.count <= 16_384 else { return }
        let isStrange = input.first == UInt8(ascii: "!")
        let filled = fill(isStrange ? input.dropFirst() : input[...])
        let header = Array(filled.prefix { $0 != UInt8(ascii: "\n") })
        let payload = Array(filled.dropFirst(header.count + 1))
        let token = try FuzzTenant.sign(header: header, payload: payload, with: isStrange ? strangeKey : proofKey)
        let decision = token.withUnsafeBytes { checkDecision($0, authenticator, keys: keys) }
        let isGood = !isStrange && isAcceptable(header: header, payload: payload)
        require(
            (decision.access != nil) == isGood,
            "an envelope that \(isGood ? "is good" : "is not good") got \(decision.reason?.code ?? "yes")")
        require((decision.proofUse != nil) == isGood, "what is accepted in an envelope uses its proof up")
    }

    private func fill(_ text: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        var filled: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "$") else {
                filled.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "T"): filled.append(contentsOf: accessToken)
            case UInt8(ascii: "N"): filled.append(contentsOf: modulus.utf8)
            case UInt8(ascii: "E"): filled.append(contentsOf: exponent.utf8)
            case UInt8(ascii: "K"): filled.append(contentsOf: thumbprint.utf8)
            default: filled.append(byte)
            }
        }
        return filled
    }

    /// The conditions for proofs, written a second time and differently.
    private func isAcceptable(header: [UInt8], payload: [UInt8]) -> Bool {
        guard let head = try? JSONDocument(parsing: header, maximumDepth: 8).root, head.kind == .object,
            let root = parsedJSON(payload)?.root
        else { return false }
        func bytes(_ value: JSONValue?) -> [UInt8]? { value?.withStringBytes { Array($0) } }
        func lowered(_ value: JSONValue?) -> [UInt8]? {
            bytes(value)?.map { (65...90).contains($0) ? $0 | 0x20 : $0 }
        }
        let types = ["pop", "application/pop"].map { Array($0.utf8) }
        let forbidden = ["jku", "x5u", "jwk", "x5c", "crit", "b64", "zip", "cty", "nonce"].map { Array($0.utf8) }
        let names = (head.members ?? []).map { Array($0.name.utf8) }
        let time = root["ts"]?.integer ?? .min
        let now = FuzzTenant.now.secondsSinceEpoch
        let nonce = bytes(root["nonce"]) ?? []
        return bytes(head["alg"]) == Array("RS256".utf8) && bytes(head["kid"]) == Array(thumbprint.utf8)
            && types.contains { $0 == lowered(head["typ"]) } && !names.contains(where: forbidden.contains)
            && bytes(root["at"]) == accessToken && lowered(root["u"]) == Array(FuzzTenant.clusterHost.utf8)
            && time <= now + FuzzTenant.clockSkew && time > now - 15 * 60 - FuzzTenant.clockSkew
            && (1...1024).contains(nonce.count)
            && bytes(root["cnf"]?["jwk"]?["kty"]) == Array("RSA".utf8)
            && bytes(root["cnf"]?["jwk"]?["n"]) == Array(modulus.utf8)
            && bytes(root["cnf"]?["jwk"]?["e"]) == Array(exponent.utf8)
    }
}
