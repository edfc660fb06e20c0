import Addresses
public import Entra
public import EntraTokens
public import HTTPSClient
import JOSE
import Jansson
public import NIOCore
import SafeText

/// A fetched key set.
public struct FetchedKeySet: Sendable {
    /// Its keys, usable or not.
    public var report: KeySetReport

    public init(report: KeySetReport) {
        self.report = report
    }
}

/// Fetches a tenant's keys for one token version: OpenID discovery, then the JWK set, both validated.
public struct KeyFetcher: Sendable {
    private let trust: TokenValidationRules
    /// Called for each fetch, so that a changed CA file is read.
    private let makeClient: @Sendable () throws(HTTPSError) -> HTTPSClient

    /// - Parameter makeClient: called for each fetch, so that a changed CA file is read.
    public init(trust: TokenValidationRules, makeClient: @escaping @Sendable () throws(HTTPSError) -> HTTPSClient) {
        self.trust = trust
        self.makeClient = makeClient
    }

    /// The address of the tenant's OpenID configuration.
    static func metadataAddress(_ trust: TokenValidationRules, _ version: TokenVersion) -> String {
        let base = "\(trust.authorityBase)/\(trust.tenantID)"
        return switch version {
        case .v1: base + "/.well-known/openid-configuration"
        case .v2: base + "/v2.0/.well-known/openid-configuration"
        }
    }

    /// Fetches and validates. The future fails with a ``KeyFetchError``.
    public func fetch(_ version: TokenVersion, on eventLoop: any EventLoop) -> EventLoopFuture<FetchedKeySet> {
        let client: HTTPSClient
        do {
            client = try makeClient()
        } catch {
            return eventLoop.makeFailedFuture(KeyFetchError.metadata(error))
        }
        guard let url = HTTPSURL(KeyFetcher.metadataAddress(trust, version)) else {
            return eventLoop.makeFailedFuture(
                KeyFetchError.metadata(.configuration("the authority is not an https address")))
        }
        let trust = self.trust
        let accept = [(name: "Accept", value: "application/json")]
        // The limit applies to both requests together.
        let end = NIODeadline.now() + TimeAmount(client.limits.deadline)
        return client.send(HTTPSRequest(.get, url, headers: accept), on: eventLoop, by: end)
            .flatMapErrorThrowing { throw KeyFetchError.metadata($0 as? HTTPSError ?? .unreachable) }
            .flatMapThrowing { try KeyFetcher.keyAddress(in: $0, trust: trust, version: version, of: url) }
            .flatMap { address in
                client.send(HTTPSRequest(.get, address, headers: accept), on: eventLoop, by: end)
                    .flatMapErrorThrowing { throw KeyFetchError.keys($0 as? HTTPSError ?? .unreachable) }
            }
            .flatMapThrowing { try KeyFetcher.keySet(in: $0, trust: trust) }
    }

    /// Validates the metadata document and returns the address of the keys.
    static func keyAddress(
        in response: HTTPSResponse,
        trust: TokenValidationRules,
        version: TokenVersion,
        of url: HTTPSURL
    ) throws(KeyFetchError) -> HTTPSURL {
        let body: [UInt8]
        do { body = try response.successBody() } catch { throw .metadata(error) }
        guard let document = try? JSONDocument(parsing: body, maximumDepth: 16),
            let issuer = document.root["issuer"]?.string
        else { throw .metadataMalformed }
        guard ExactText(issuer) == ExactText(trust.issuer(version)) else { throw .issuerMismatch }
        guard let text = document.root["jwks_uri"]?.string, let address = HTTPSURL(text), address.isSameServer(as: url)
        else { throw .foreignKeyAddress }
        return address
    }

    static func keySet(in response: HTTPSResponse, trust: TokenValidationRules) throws(KeyFetchError) -> FetchedKeySet {
        let body: [UInt8]
        do { body = try response.successBody() } catch { throw .keys(error) }
        let report: KeySetReport
        do { report = try KeySetReader.read(body, trust: trust) } catch { throw .keySet(error) }
        guard !report.usable.isEmpty else { throw .noUsableKeys(report.keys.compactMap(\.problem).first) }
        return FetchedKeySet(report: report)
    }
}
