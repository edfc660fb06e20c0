import Addresses
import Entra
import EntraTokens
import Jansson
import OpenSSL
import SafeText
import TestSupport
import Testing

@testable import HTTPSClient
@testable import SigningKeys

/// The tenant that a document or file of keys names.
@Suite("Where keys come from")
struct KeyOriginTests {
    static let tenant = TestTenant.id
    static let other = TestTenant.otherID
    static let base = "https://login.microsoftonline.com"

    static func trust(_ id: String = tenant) throws -> TokenValidationRules {
        TokenValidationRules(tenantID: try #require(GUID(id)), audiences: ["a"])
    }

    static func response(_ members: [(String, JSON)]) -> HTTPSResponse {
        HTTPSResponse(status: 200, headers: [], body: JSON.object(members).render())
    }

    @Test(
        "metadata is believed with its own issuer, and an address of keys at the same server",
        arguments: [
            ("\(base)/\(tenant)/v2.0", "\(base)/\(tenant)/discovery/v2.0/keys", KeyFetchError?.none),
            ("\(base)/\(other)/v2.0", "\(base)/\(tenant)/discovery/v2.0/keys", .issuerMismatch),
            ("\(base)/{tenantid}/v2.0", "\(base)/\(tenant)/discovery/v2.0/keys", .issuerMismatch),
            ("https://sts.windows.net/\(tenant)/", "\(base)/\(tenant)/discovery/v2.0/keys", .issuerMismatch),
            ("\(base)/\(tenant)/v2.0", "https://evil.example/keys", .foreignKeyAddress),
            ("\(base)/\(tenant)/v2.0", "https://login.microsoftonline.com.evil.example/keys", .foreignKeyAddress),
            ("\(base)/\(tenant)/v2.0", "https://login.microsoftonline.com:8443/keys", .foreignKeyAddress),
            ("\(base)/\(tenant)/v2.0", "http://login.microsoftonline.com/keys", .foreignKeyAddress),
        ])
    func metadata(issuer: String, address: String, error: KeyFetchError?) throws {
        let trust = try Self.trust()
        let url = try #require(HTTPSURL(KeyFetcher.metadataAddress(trust, .v2)))
        let response = Self.response([("issuer", .string(issuer)), ("jwks_uri", .string(address))])
        var found: KeyFetchError?
        do {
            _ = try KeyFetcher.keyAddress(in: response, trust: trust, version: .v2, of: url)
        } catch {
            found = error
        }
        #expect(found == error)
    }

    static func file(_ members: [(String, JSON)]) throws -> [UInt8] {
        let jwk = TestTokens.jwk(try TestTenant.key.get().publicKey, [("use", nil)])
        return JSON.object(members + [("keys", .array([.object(jwk)]))]).render()
    }

    @Test(
        "a file of another tenant or authority is refused, and a plain key set is anybody's",
        arguments: [
            ([(String, String)](), String?.none),
            ([("tenantID", tenant), ("authority", base)], nil),
            (
                [("tenantID", other), ("authority", base)],
                "the keys in the file are tenant \(other)'s, and another tenant's are wanted: \(tenant)'s"
            ),
            (
                [("tenantID", tenant), ("authority", "https://login.microsoftonline.us")],
                "the keys in the file are from another authority: https://login.microsoftonline.us, and this tenant's is"
                    + " \(base)"
            ),
            (
                [("authority", "https://evil.example\u{1B}[31m")],
                "the keys in the file are from another authority: https://evil.example\u{FFFD}[31m, and this tenant's is"
                    + " \(base)"
            ),
        ])
    func files(members: [(String, String)], error: String?) throws {
        let bytes = try Self.file(members.map { ($0.0, .string($0.1)) })
        var found: KeyFileError?
        do {
            let file = try KeyFile.parse(bytes, trust: Self.trust())
            #expect(file.report.usable.count == 1)
        } catch {
            found = error as? KeyFileError
        }
        #expect(found?.sentence == error)
    }
}
