import JOSE
import OpenSSL
import Testing

@Suite struct CompactJWSTests {
    static func parse(_ text: String) throws(CompactJWSError) -> CompactJWS {
        let result = Array(text.utf8).withUnsafeBytes { bytes in
            Result { () throws(CompactJWSError) in try CompactJWS(parsing: bytes) }
        }
        return try result.get()
    }

    @Test("three parts are split and decoded")
    func splits() throws {
        let jws = try Self.parse("e30.eyJhIjoxfQ.AQID")
        #expect(jws.header.withUnsafeBytes { $0.elementsEqual("{}".utf8) })
        #expect(jws.untrustedPayload.withUnsafeBytes { $0.elementsEqual("{\"a\":1}".utf8) })
        #expect(jws.signature.withUnsafeBytes { $0.elementsEqual([1, 2, 3]) })
        #expect(jws.signedLength == 14)
    }

    @Test("an empty signature is a part")
    func emptySignature() throws {
        #expect(try Self.parse("e30.e30.").signature.withUnsafeBytes { $0.isEmpty })
    }

    /// `{"alg":"dir","enc":"A128GCM"}`
    static let encryptedHeader = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0"

    @Test(
        "what is no compact JWS is refused with its own error",
        arguments: [
            ("nothing", "", CompactJWSError.empty),
            ("no dot", "abcd", .notThreeParts),
            ("one dot", "e30.e30", .notThreeParts),
            ("three dots", "e30.e30.AQID.", .notThreeParts),
            ("a million dots", String(repeating: ".", count: 1_000_000), .notThreeParts),
            ("five parts whose header has enc", "\(Self.encryptedHeader).AA.AA.AA.AA", .encrypted),
            ("five parts whose header has no enc", "e30.AA.AA.AA.AA", .notThreeParts),
            ("five parts whose header is cut off", "eyJlbmM.AA.AA.AA.AA", .notThreeParts),
            ("five parts whose enc is not a string", "eyJlbmMiOjF9.AA.AA.AA.AA", .notThreeParts),
            ("two tokens pasted together", "e30.e30.AQIDe30.e30.AQID", .notThreeParts),
            ("five parts of noise", "AA.AA.AA.AA.AA", .notThreeParts),
            ("an empty header", ".e30.AQID", .badEncoding),
            ("an empty payload", "e30..AQID", .badEncoding),
            ("only dots", "..", .badEncoding),
            ("padding", "e30=.e30.AQID", .badEncoding),
            ("white space", "e30.e30.AQID ", .badEncoding),
            ("JSON serialization", "{\"payload\":\"e30\"}", .notThreeParts),
        ])
    func refuses(name: String, text: String, error: CompactJWSError) {
        #expect(throws: error) { try Self.parse(text) }
    }
}
