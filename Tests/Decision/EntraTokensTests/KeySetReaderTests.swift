import Entra
import EntraTokens
import Glibc
import JOSE
import Jansson
import OpenSSL
import SafeText
import TestSupport
import Testing

@Suite struct KeySetReaderTests {
    static let tenant = TestTenant.id

    static func trust(_ cloud: Cloud = .public) throws -> TokenValidationRules {
        TokenValidationRules(tenantID: try #require(GUID(tenant)), cloud: cloud, audiences: ["a"])
    }

    static func jwk(_ changes: [(String, JSON?)]) throws -> JSON {
        .object(TestTokens.jwk(try TestTenant.key.get().publicKey, changes))
    }

    static func read(_ keys: [JSON], cloud: Cloud = .public) throws -> KeySetReport {
        try KeySetReader.read(JSON.object([("keys", .array(keys))]).render(), trust: trust(cloud))
    }

    static func number(bits: Int) -> JSON {
        var bytes = [UInt8](repeating: 0xA5, count: bits / 8)
        bytes[0] |= 0x80
        return .string(Base64URL.encode(bytes))
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let changes: [(String, JSON?)]
        let problem: KeyProblem?

        init(_ name: String, _ changes: [(String, JSON?)], _ problem: KeyProblem?) {
            testDescription = name
            self.changes = changes
            self.problem = problem
        }
    }

    @Test(
        "each key is usable, or not for its own reason",
        arguments: [
            Case("an ordinary key", [], nil),
            Case("no use", [("use", nil)], nil),
            Case("its algorithm", [("alg", "RS256")], nil),
            Case("this cloud", [("cloud_instance_name", "microsoftonline.com")], nil),
            Case("the tenant's issuer", [("issuer", .string("https://login.microsoftonline.com/\(tenant)/v2.0"))], nil),
            Case("every tenant's issuer", [("issuer", "https://login.microsoftonline.com/{tenantid}/v2.0")], nil),
            Case("no type", [("kty", nil)], .malformed),
            Case("no modulus", [("n", nil)], .malformed),
            Case("a padded modulus", [("n", "AQAB==")], .malformed),
            Case("no key ID", [("kid", nil)], .keyIDMissing),
            Case("an empty key ID", [("kid", "")], .keyIDMissing),
            Case("an EC key", [("kty", "EC")], .keyTypeNotAllowed),
            Case("a shared secret", [("kty", "oct"), ("k", "AQAB")], .keyTypeNotAllowed),
            Case("for encryption", [("use", "enc")], .notForSignatures),
            Case("for verifying", [("key_ops", .array(["verify"]))], nil),
            Case("for verifying and more", [("key_ops", .array(["encrypt", "verify"]))], nil),
            Case("for signing alone", [("key_ops", .array(["sign"]))], .notForSignatures),
            Case("for no operation", [("key_ops", .array([]))], .notForSignatures),
            Case("key_ops in other case", [("key_ops", .array(["Verify"]))], .notForSignatures),
            Case("key_ops that is a string", [("key_ops", "verify")], .notForSignatures),
            Case("key_ops that is null", [("key_ops", .null)], .notForSignatures),
            Case("use for signatures, key_ops for others", [("key_ops", .array(["wrapKey"]))], .notForSignatures),
            Case("another algorithm", [("alg", "RS512")], .algorithmNotAllowed),
            Case("HS256", [("alg", "HS256")], .algorithmNotAllowed),
            Case("another cloud", [("cloud_instance_name", "microsoftonline.us")], .otherCloud),
            Case(
                "another tenant",
                [("issuer", "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0")],
                .otherIssuer),
            Case("another host's issuer", [("issuer", "https://login.evil.example/{tenantid}/v2.0")], .otherIssuer),
            Case("1024 bits", [("n", number(bits: 1024))], .keyTooSmall),
            Case("2040 bits", [("n", number(bits: 2040))], .keyTooSmall),
            Case("4104 bits", [("n", number(bits: 4104))], .keyTooLarge),
            Case("16384 bits", [("n", number(bits: 16_384))], .keyTooLarge),
            Case("exponent 1", [("e", "AQ")], .exponentNotAllowed),
            Case("exponent 3", [("e", "Aw")], .exponentNotAllowed),
            Case("an even exponent", [("e", "AQAC")], .exponentNotAllowed),
            Case("a huge exponent", [("e", number(bits: 512))], .exponentNotAllowed),
            Case("exponent 0", [("e", "AA")], .exponentNotAllowed),
            Case("exponent 65537 with a zero before it", [("e", "AAEAAQ")], nil),
            Case("exponent 65535", [("e", "__8")], .exponentNotAllowed),
            Case("an exponent of 32 bits", [("e", "_____w")], nil),
            Case("an exponent of 33 bits", [("e", "AQAAAAE")], .exponentNotAllowed),
        ])
    func hygiene(sent: Case) throws {
        let report = try Self.read([Self.jwk(sent.changes), Self.jwk([("kid", "good")])])
        #expect(report.keys.first?.problem == sent.problem)
        #expect(report.usable.map(\.keyID) == (sent.problem == nil ? ["k1", "good"] : ["good"]))
    }

    @Test("a key listed twice counts once, and an ID of many keys keeps some of them")
    func duplicates() throws {
        #expect(try Self.read([Self.jwk([]), Self.jwk([])]).usable.count == 1)
        // The same modulus with another exponent is a different key.
        #expect(try Self.read([Self.jwk([("e", "AQAD")]), Self.jwk([])]).usable.count == 2)
        let many = try (0..<6).map { _ in
            try Self.jwk([("n", .string(Base64URL.encode(PrivateKey.generateRSA().publicKey.rsaModulus ?? [])))])
        }
        #expect(try Self.read(many).usable.count == 4)
    }

    @Test("key IDs are the same only byte by byte: the kelvin sign is not K")
    func keyIDs() throws {
        let keys = try ["K", "\u{212A}"].map { id in try Self.jwk([("kid", .string(id))]) }
        let usable = try Self.read(keys).usable
        #expect(usable.map(\.keyID) == ["K", "\u{212A}"])
    }

    @Test("a thumbprint is that of the numbers, however many zeros stand before them")
    func thumbprintOfNumbers() throws {
        let key = try TestTenant.key.get().publicKey
        let modulus = [0] + (key.rsaModulus ?? [])
        let padded = try Self.jwk([("n", .string(Base64URL.encode(modulus))), ("e", "AAEAAQ")])
        let thumbprints = try [Self.jwk([]), padded].map { JWK(try JSONDocument(parsing: $0.render()).root).thumbprint }
        #expect(thumbprints[0] != nil && thumbprints[0] == thumbprints[1])
    }

    @Test("what is no key set is refused as a whole")
    func refused() throws {
        let trust = try Self.trust()
        #expect(throws: KeySetError.notAKeySet) { try KeySetReader.read(Array("{}".utf8), trust: trust) }
        #expect(throws: KeySetError.notAKeySet) { try KeySetReader.read(Array("{\"keys\":{}}".utf8), trust: trust) }
        #expect(throws: KeySetError.self) { try KeySetReader.read(Array("<html>".utf8), trust: trust) }
        #expect(throws: KeySetError.self) {
            try KeySetReader.read(Array("{\"keys\":[{\"kid\":\"a\",\"kid\":\"b\"}]}".utf8), trust: trust)
        }
        #expect(throws: KeySetError.tooManyKeys) {
            try KeySetReader.read(
                JSON.object([("keys", .array([JSON](repeating: .object([]), count: 1001)))]).render(), trust: trust)
        }
    }

    /// Entra's own key sets of 2026, as it published them.
    static let documents = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/Documents/"

    @Test(
        "Entra's own key sets are read, and keys of other issuers are left out",
        arguments: [("common-keys.json", 5, 2), ("organizations-keys.json", 6, 0)])
    func realDocuments(name: String, usable: Int, otherIssuer: Int) throws {
        let file = try #require(fopen(Self.documents + name, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, file))
        let report = try KeySetReader.read(bytes, trust: Self.trust())
        #expect(report.usable.count == usable)
        #expect(report.keys.filter { $0.problem == .otherIssuer }.count == otherIssuer)
    }

    @Test("the thumbprint is RFC 7638's")
    func thumbprint() throws {
        // The example of RFC 7638 section 3.1.
        let modulus =
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
        let json = JSON.object([("kty", "RSA"), ("n", .string(modulus)), ("e", "AQAB")])
        let jwk = JWK(try JSONDocument(parsing: json.render()).root)
        #expect(jwk.thumbprint == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        #expect(jwk.modulusBits == 2048)
    }
}
