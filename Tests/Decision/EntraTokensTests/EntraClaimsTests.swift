import Entra
import EntraTokens
import Jansson
import OpenSSL
import SafeText
import Testing

@Suite("Claims as Entra writes them")
struct EntraClaimsTests {
    static func claims(_ members: [(String, JSON)]) throws -> EntraClaims {
        EntraClaims(try JSONDocument(parsing: JSON.object(members).render()).root)
    }

    @Test("the client is azp in version 2.0 and appid in version 1.0, where a token has both")
    func client() throws {
        for (version, client) in [("1.0", "one"), ("2.0", "two")] {
            let claims = try Self.claims([("ver", .string(version)), ("appid", "one"), ("azp", "two")])
            #expect(claims.clientAppID == client)
        }
        #expect(try Self.claims([("ver", "2.0"), ("appid", "one")]).clientAppID == "one")
        #expect(try Self.claims([("ver", "1.0"), ("azp", "two")]).clientAppID == "two")
    }

    @Test(
        "agents are told by their facets, whatever else the token says",
        arguments: [("xms_sub_fct", "11"), ("xms_sub_fct", "2 13"), ("xms_act_fct", "11"), ("xms_act_fct", "13 1")])
    func agents(claim: String, value: String) throws {
        let trust = TokenValidationRules(tenantID: .zero, audiences: [])
        let claims = try Self.claims([("idtyp", "user"), (claim, .string(value))])
        #expect(SubjectKind(claims, trust: trust) == .agent)
        let other = try Self.claims([("idtyp", "user"), (claim, "111 3")])
        #expect(SubjectKind(other, trust: trust) == .user)
    }

    @Test(
        "claims read in place are those of the parsed token, however their characters are written",
        arguments: [
            #"{"iss":"https://sts.windows.net/x/","aud":"a","tid":"\#(Self.first)","oid":"\#(Self.second)","scp":"s"}"#,
            #"{"iss":"https:\/\/sts.windows.net/x/","aud":"\u0061","tid":"\u0030","oid":"","scp":""}"#,
            #"{"iss":"é€😀","aud":"spn:a","tid":"0","oid":"x"}"#,
            #"{"iss":1,"aud":["a"],"tid":null,"oid":{},"scp":true}"#,
            #"{ "\u0069ss" : "a" , "exp" : 123456789012345678 , "nbf" : 1234567890123456789 , "iat" : -5 }"#, "{}",
        ])
    func inPlace(payload: String) throws {
        let bytes = Array(payload.utf8)
        let scanned = try EntraClaims.scan(
            bytes.withUnsafeBytes { SecureBytes(copying: $0) }, maximumBytes: bytes.count)
        let parsed = EntraClaims(try JSONDocument(parsing: bytes).root)
        #expect(scanned.issuer == parsed.issuer && scanned.audience == parsed.audience)
        #expect(scanned.tenantID == parsed.tenantID && scanned.objectID == parsed.objectID)
        #expect(scanned.tenantGUID == parsed.tenantGUID && scanned.objectGUID == parsed.objectGUID)
        #expect(scanned.tenantGUID == scanned.tenantID.flatMap { GUID($0) })
        #expect(scanned.scopes == parsed.scopes && scanned.malformed == parsed.malformed)
        #expect(scanned.expires == parsed.expires && scanned.notBefore == parsed.notBefore)
        #expect(scanned.issuedAt == parsed.issuedAt)
        for claims in [scanned, parsed] {
            let issuer = claims.issuer.map { ExactText($0) }
            #expect(claims.isIssued(by: issuer ?? "x") == (issuer != nil))
            #expect(!claims.isIssued(by: ExactText("https://sts.windows.net/x")))
            #expect(!claims.isIssued(by: ExactText("https://sts.windows.net/y/")))
            #expect(AudienceList(["a"]).accepts(claims) == (claims.audience == "a"))
        }
    }

    private static let first = "00000000-0000-0000-0000-000000000001"
    private static let second = "00000000-0000-0000-0000-000000000002"

    @Test("groups keep their order, and are there once, however many there are", arguments: [1, 8, 16, 17, 200, 1_000])
    func manyGroups(count: Int) throws {
        let ids = (0..<count).map { "\(10_000_000 + $0)-0000-4000-8000-000000000000" }
        let payload = JSON.object([("groups", JSON(ids + ids.reversed()))]).render()
        let scanned = try EntraClaims.scan(
            payload.withUnsafeBytes { SecureBytes(copying: $0) }, maximumBytes: payload.count)
        for groups in [scanned.groups, EntraClaims(try JSONDocument(parsing: payload).root).groups] {
            #expect(groups.objectIDs == ids.compactMap { GUID($0) })
            #expect(groups.droppedCount == 0)
        }
    }

    @Test("groups are read once each, and what is not an object ID is dropped and counted")
    func groups() throws {
        let values = JSON([Self.second, "name", Self.first.uppercased(), Self.second, ""])
        let groups = try Self.claims([("groups", values)]).groups
        #expect(groups.objectIDs.map(\.description) == [Self.second, Self.first])
        #expect(groups.droppedCount == 2 && !groups.isMalformed && !groups.hasOverage)
    }

    @Test(
        "groups are malformed only where they are not a list of strings",
        arguments: [
            (JSON.string("x"), true), (.null, true), (.integer(1), true), (.object([]), true),
            (.array([.integer(1)]), true), (.array([.null]), true), (.array([]), false), (.array(["x"]), false),
        ])
    func malformedGroups(value: JSON, isMalformed: Bool) throws {
        #expect(try Self.claims([("groups", value)]).groups.isMalformed == isMalformed)
    }

    @Test("a token says in three ways that it cannot list all groups")
    func overage() throws {
        #expect(try Self.claims([("hasgroups", .bool(true))]).groups.hasOverage)
        #expect(try Self.claims([("hasgroups", "true")]).groups.hasOverage)
        #expect(try Self.claims([("_claim_names", .object([("groups", "src1")]))]).groups.hasOverage)
        #expect(try !Self.claims([("hasgroups", .bool(false))]).groups.hasOverage)
        #expect(try !Self.claims([("_claim_names", .object([("other", "src1")]))]).groups.hasOverage)
    }

    @Test("a claim that is missing has no other value")
    func requirements() throws {
        var trust = TokenValidationRules(tenantID: .zero, audiences: [])
        trust.requiredClaims = [RequiredClaim(claim: "a", values: ["x"]), RequiredClaim(claim: "b", values: ["y"])]
        let claims = try Self.claims([("b", "z")])
        #expect(trust.unmetRequirements(claims, for: .requiredClaimMissing).map(\.claim) == ["a"])
        #expect(trust.unmetRequirements(claims, for: .requiredClaimMismatch).map(\.claim) == ["b"])
    }
}
