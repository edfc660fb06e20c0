import Authentication
import Entra
import EntraTokens
import Inspection
import JOSE
import Jansson
import OpenSSL
import SafeText

/// Arbitrary bytes as a token.
struct JWSTarget: FuzzTarget {
    private let authenticator = FuzzTenant.authenticator { $0.trust.proofOfPossession = .accept }
    private let keys: KeySnapshot

    init() throws { keys = try FuzzTenant.keys.get() }

    func run(_ input: UnsafeRawBufferPointer) throws {
        checkBase64(input)
        if let jws = try? CompactJWS(parsing: input) {
            let text = [jws.header, jws.untrustedPayload, jws.signature].map {
                $0.withUnsafeBytes { Base64URL.encode($0) }
            }
            .joined(separator: ".")
            require(text.utf8.elementsEqual(input), "a token has one spelling")
            require(input[jws.signedLength] == UInt8(ascii: "."), "what is signed ends before the second dot")
        }
        let decision = checkDecision(input, authenticator, keys: keys)
        require(decision.access == nil, "nobody can sign without the key")
        require(decision.subject == DecisionSubject(), "nothing is known of a token that was not verified")

        let given = TokenInput(Array(input))
        for snapshot in [keys, nil] {
            let report = InspectionReport(
                given, settings: authenticator.settings, keys: snapshot, now: FuzzTenant.now)
            require(report.verdict != .accepted, "inspect says yes only to what was verified")
            require(!report.areClaimsTrusted, "inspect trusts only what was verified")
            require(parsedJSON(report.json.render()) != nil, "a report is valid JSON")
            _ = report.text()
        }
    }

    private func checkBase64(_ input: UnsafeRawBufferPointer) {
        if let decoded = Base64URL.decode(input) {
            require(Base64URL.encode(decoded).utf8.elementsEqual(input), "bytes have one spelling in base64url")
        }
        let encoded = Array(Base64URL.encode(input).utf8)
        let again = require(encoded.withUnsafeBytes { Base64URL.decode($0) }, "what was encoded can be decoded")
        require(again.elementsEqual(input), "base64url gives back what it got")
    }
}
