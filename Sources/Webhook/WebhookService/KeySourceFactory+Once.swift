import Addresses
public import Entra
import EntraTokens
import HTTPSClient
public import JOSE
import NIOCore
import NIOPosix
import SigningKeys
public import Terminal

extension KeySourceFactory {
    /// Fetches a tenant's keys as `serve` does, once.
    ///
    /// - Parameters:
    ///   - authorityCA: the file with the CA of the authority's certificate; nil for the system's authorities.
    ///   - proxy: the value of `--proxy`; nil for the environment's proxy.
    /// - Returns: the usable keys, and the failure of each version that could not be fetched.
    /// - Throws: `CommandFailure` if neither version could be fetched.
    public static func fetchOnce(
        _ trust: TokenValidationRules, authorityCA: String?, proxy: String?
    ) throws(CommandFailure) -> (keys: [JWK], warnings: [CommandFailure]) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let fetcher = KeyFetcher(trust: trust) { () throws(HTTPSError) in
            try client(authorityCA: authorityCA, proxy: proxy)
        }
        var reports: [KeySetReport] = []
        var failures: [(version: TokenVersion, error: KeyFetchError)] = []
        let attempts = [TokenVersion.v2, .v1].map { ($0, fetcher.fetch($0, on: group.next())) }
        for (version, attempt) in attempts {
            do {
                reports.append(try attempt.wait().report)
            } catch {
                failures.append((version, error as? KeyFetchError ?? .metadata(.unreachable)))
            }
        }
        // As in `serve`, an authority that serves only one of the versions is not a failure.
        if !reports.isEmpty { failures.removeAll { $0.error.isNotServed } }
        let warnings =
            failures.count == 2 && failures[0].error == failures[1].error
            ? [failure(failures[0].error, trust, authorityCA: authorityCA, proxy: proxy)]
            : failures.map {
                var failure = failure($0.error, trust, authorityCA: authorityCA, proxy: proxy)
                failure.sentence = "version \($0.version.rawValue): " + failure.sentence
                return failure
            }
        if reports.isEmpty, var failure = warnings.last {
            failure.earlier = warnings.dropLast().flatMap(\.lines)
            throw failure
        }
        return (KeyFile.usableJWKs(reports), warnings)
    }

    private static func failure(
        _ error: KeyFetchError, _ trust: TokenValidationRules, authorityCA: String?, proxy: String?
    ) -> CommandFailure {
        let name = HTTPSURL(trust.authorityBase).flatMap { proxies(proxy, from: "--proxy").proxyName(for: $0) }
        return CommandFailure(
            "\(trust.authorityBase): \(error.sentence)"
                + (error.isOfProxy ? name.map { "; the proxy is \($0)" } ?? "" : ""),
            hint: error.hint(
                trust, authorityCA: authorityCA, option: "--authority-ca", proxyOption: "--proxy",
                isThroughProxy: name != nil))
    }
}
