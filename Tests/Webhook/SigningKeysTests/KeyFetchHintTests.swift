import Entra
import EntraTokens
import HTTPSClient
import SigningKeys
import Testing

@Suite("What to do about signing keys that cannot be fetched")
struct KeyFetchHintTests {
    static let cases: [(name: String, error: HTTPSError, isThroughProxy: Bool, hint: String?)] = [
        ("no name", .nameNotFound, false, "if the way out is a proxy, name it with --proxy or HTTPS_PROXY"),
        ("a firewall", .connectTimeout, false, "if the way out is a proxy, name it with --proxy or HTTPS_PROXY"),
        (
            "a proxy that does not answer", .proxyUnreachable, true,
            "is the proxy the right one? NO_PROXY names hosts that are reached without one"
        ),
        ("a server that was reached", .status(500), false, nil),
        ("a proxy that is no address", .configuration("HTTPS_PROXY is not the address"), true, nil),
    ]

    @Test("names the proxy only where another way out may help", arguments: cases)
    func proxies(_ case: (name: String, error: HTTPSError, isThroughProxy: Bool, hint: String?)) throws {
        let id = try #require(GUID("11111111-2222-3333-4444-555555555555"))
        let trust = TokenValidationRules(tenantID: id, cloud: .public, audiences: [])
        for error in [KeyFetchError.metadata(`case`.error), .keys(`case`.error)] {
            let hint = error.hint(
                trust, authorityCA: nil, option: "--authority-ca", proxyOption: "--proxy",
                isThroughProxy: `case`.isThroughProxy)
            #expect(hint == `case`.hint)
        }
    }
}
