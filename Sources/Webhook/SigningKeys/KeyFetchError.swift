import Addresses
public import Entra
public import EntraTokens
public import HTTPSClient
import OpenSSL

/// Why a tenant's keys could not be fetched.
public enum KeyFetchError: Error, Hashable, Sendable {
    case metadata(HTTPSError)
    case metadataMalformed
    case issuerMismatch
    /// `jwks_uri` is missing, does not use https, or is on another host than the authority.
    case foreignKeyAddress
    case keys(HTTPSError)
    case keySet(KeySetError)
    /// With the problem of the first key; nil if there are no keys.
    case noUsableKeys(KeyProblem?)
    case file(KeyFileError)

    /// A short stable word for metrics.
    public var label: String {
        switch self {
        case .metadata(let error), .keys(let error): error.label
        case .metadataMalformed, .keySet: "invalid"
        case .issuerMismatch: "issuer_mismatch"
        case .foreignKeyAddress: "foreign_jwks_uri"
        case .noUsableKeys: "no_usable_keys"
        case .file: "file"
        }
    }

    /// What is wrong, for people.
    public var sentence: String {
        switch self {
        case .metadata(let error): "the OpenID configuration could not be fetched: \(error.sentence)"
        case .metadataMalformed: "the OpenID configuration is not valid JSON with an issuer and a jwks_uri"
        case .issuerMismatch: "the OpenID configuration names another issuer than the tenant's"
        case .foreignKeyAddress: "the OpenID configuration's jwks_uri is not on the authority's own host over https"
        case .keys(let error): "the key set could not be fetched: \(error.sentence)"
        case .keySet(let error): error.sentence
        case .noUsableKeys(nil): "the key set is empty"
        case .noUsableKeys(let problem?):
            "the key set holds no key that this tenant can use: the first one \(problem.sentence)"
        case .file(let error): error.sentence
        }
    }

    /// What to do about it, if the cause tells.
    ///
    /// - Parameters:
    ///   - trust: whose keys were fetched.
    ///   - authorityCA: the file with the CA of the authority's certificate; nil for the system's authorities.
    ///   - option: the setting that names this file.
    ///   - proxyOption: the setting that names the proxy.
    ///   - isThroughProxy: whether the fetch went through a proxy.
    public func hint(
        _ trust: TokenValidationRules, authorityCA: String?, option: String, proxyOption: String, isThroughProxy: Bool
    ) -> String? {
        switch self {
        case .metadata(.status(400)), .metadata(.status(404)), .issuerMismatch:
            KeyFetchError.shortened(trust).map { "the authority ends before the tenant's ID: \($0)" }
                ?? "is the tenant ID right, and is the tenant in this cloud?"
        case .metadata(.tls(.untrustedCertificate)), .keys(.tls(.untrustedCertificate)):
            if let authorityCA {
                "the authority's certificate was not issued by the CA in \(authorityCA) (\(option)); if a proxy inspects"
                    + " TLS on the way, name the CA of the certificate that it shows"
            } else {
                "does a proxy inspect TLS on the way? Name the CA of the certificate that it shows with \(option)"
            }
        case .metadata(let error), .keys(let error):
            if !error.isOfTheWay {
                nil
            } else if isThroughProxy {
                "is the proxy the right one? NO_PROXY names hosts that are reached without one"
            } else {
                "if the way out is a proxy, name it with \(proxyOption) or HTTPS_PROXY"
            }
        default: nil
        }
    }

    /// The authority without a tenant's ID, as portals show it; nil if it has none.
    private static func shortened(_ trust: TokenValidationRules) -> String? {
        guard let url = HTTPSURL(trust.authorityBase) else { return nil }
        let parts = url.target.split(separator: "/")
        guard let index = parts.firstIndex(where: { GUID(String($0)) != nil }) else { return nil }
        return (["https://\(url.authority)"] + parts[..<index].map(String.init)).joined(separator: "/")
    }

    /// Whether the failure is the proxy's, if there is one. A failed name lookup is then about the proxy's own name,
    /// because the proxy looks up the authority's name itself.
    public var isOfProxy: Bool { label == "proxy" || label == "dns" }

    /// Whether the authority does not serve the metadata of this version.
    public var isNotServed: Bool { self == .metadata(.status(404)) }
}
