import Authentication
import Entra
import EntraTokens
import JOSE
import Jansson
import OpenSSL
import SigningKeys
import Timestamps

/// A JWK set, from the network or from a file.
struct KeySetTarget: FuzzTarget {
    private let trust = FuzzTenant.settings().tenants[0].trust

    func run(_ input: UnsafeRawBufferPointer) throws {
        let bytes = Array(input)
        let report: KeySetReport
        do { report = try KeySetReader.read(bytes, trust: trust) } catch {
            require((try? KeyFile.parse(bytes, trust: trust)) == nil, "a file is read as the network's answer is")
            return
        }
        check(report)
        if let file = try? KeyFile.parse(bytes, trust: trust) {
            require(same(file.report.usable, report.usable), "a file is read as the network's answer is")
            for description in file.descriptions {
                require(parsedJSON(description.json.render()) != nil, "a description is valid JSON")
                _ = description.text
            }
        }
        let kept = KeyFile.render(keys: report.keys.map(\.jwk), trust: trust, fetchedAt: FuzzTenant.now)
        let again = require(try? KeyFile.parse(kept, trust: trust), "what was kept can be read")
        require(same(again.report.usable, report.usable), "the same keys are usable after they were kept")
        require(again.fetchedAt == FuzzTenant.now, "the time is kept")
    }

    private func check(_ report: KeySetReport) {
        require(report.usable.count <= report.keys.count, "no more keys are usable than there are")
        for key in report.usable {
            require(!"\(key.keyID)".isEmpty, "a usable key has an ID")
            let modulus = key.publicKey.rsaModulus ?? []
            require((256...512).contains(modulus.count), "a usable key has 2048 to 4096 bits")
            require(modulus.count > 256 || modulus[0] >= 0x80, "a usable key has 2048 bits")
            let exponent = (key.publicKey.rsaExponent ?? []).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            require(exponent >= 65_537 && exponent < 1 << 32 && exponent & 1 == 1, "a usable key has a sane exponent")
        }
        for described in report.keys where described.problem == nil {
            let json = described.jwk.json
            require(json["use"] == nil || json["use"]?.string == "sig", "a usable key is for signatures")
            require(json["alg"] == nil || json["alg"]?.string == "RS256", "a usable key is for RS256")
            require(described.jwk.thumbprint != nil, "a usable key has a thumbprint")
        }
        let set = TenantKeySet(keys: report.usable, usableUntil: FuzzTenant.now.adding(seconds: 1))
        let snapshot = KeySnapshot([trust.tenantID: set])
        for key in report.usable.prefix(8) {
            let found = snapshot.candidates(keyID: key.keyID, now: FuzzTenant.now)
            require((1...4).contains(found.count), "a usable key is found, and few others under its ID")
        }
    }

    private func same(_ left: [SigningKey], _ right: [SigningKey]) -> Bool {
        left.count == right.count
            && zip(left, right).allSatisfy {
                $0.keyID == $1.keyID && $0.publicKey.rsaModulus == $1.publicKey.rsaModulus
                    && $0.publicKey.rsaExponent == $1.publicKey.rsaExponent
            }
    }
}
