import Addresses
import Authentication
import Entra
import EntraTokens
import Jansson

@testable import HTTPSClient
@testable import SigningKeys

/// An OpenID configuration, the answer of an authority.
struct DiscoveryTarget: FuzzTarget {
    private let trust = FuzzTenant.settings { $0.trust.authority = "https://entra.example:8443/base" }.tenants[0].trust

    func run(_ input: UnsafeRawBufferPointer) throws {
        let body = Array(input)
        checkURL(body)
        for version in [TokenVersion.v1, .v2] {
            let address = KeyFetcher.metadataAddress(trust, version)
            let url = require(HTTPSURL(address), "the configured authority is an address")
            let response = HTTPSResponse(status: 200, headers: [], body: body)
            guard let keys = try? KeyFetcher.keyAddress(in: response, trust: trust, version: version, of: url) else {
                continue
            }
            require(keys.host == "entra.example" && keys.port == 8443, "keys are fetched from the authority only")
            let root = parsedJSON(body)?.root
            let issuer = root?["issuer"]?.withStringBytes { Array($0) }
            require(issuer == Array(trust.issuer(version).utf8), "the issuer is the expected one")
            require(
                root?["jwks_uri"]?.string?.lowercased().hasPrefix("https://entra.example:8443") ?? false,
                "the key address is the document's")
        }
    }

    /// The input as a single URL, as in `jwks_uri`.
    private func checkURL(_ body: [UInt8]) {
        guard let text = String(validating: body, as: UTF8.self), let url = HTTPSURL(text) else { return }
        require(url.target.utf8.first == UInt8(ascii: "/"), "a target begins with a slash")
        require(!url.host.isEmpty && (1...65_535).contains(url.port), "an address has a host and a port")
        let written = url.authority + url.target
        require(written.utf8.allSatisfy { $0 > 32 && $0 < 127 }, "nothing that ends a header line gets into one")
        require(HTTPSURL(url.description) == url, "an address reads back as it was")
    }
}
