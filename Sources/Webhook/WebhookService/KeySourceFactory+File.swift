public import Entra
import SigningKeys
public import Terminal
public import Timestamps

extension KeySourceFactory {
    /// Fetches a tenant's keys as `serve` does, once, and writes them to a file.
    ///
    /// - Parameters:
    ///   - authorityCA: the file with the CA of the authority's certificate; nil for the system's authorities.
    ///   - proxy: the value of `--proxy`; nil for the environment's proxy.
    ///   - path: the file; `-` for standard output. Tried before anything is fetched.
    /// - Throws: `CommandFailure` if no keys could be fetched, or the file cannot be written.
    public static func save(
        _ trust: TokenValidationRules, authorityCA: String?, proxy: String?, to path: String, now: Timestamp
    ) throws(CommandFailure) {
        try CommandFile.tryWriting(path)
        let (keys, warnings) = try fetchOnce(trust, authorityCA: authorityCA, proxy: proxy)
        Console.notes(warnings.flatMap(\.lines))
        let bytes = KeyFile.render(keys: keys, trust: trust, fetchedAt: now)
        try CommandFile.write(bytes, to: path)
        guard CommandFile.stream(path) == nil else { return }
        Console.note("wrote \(keys.count) usable keys of tenant \(trust.tenantID) to \(path)")
    }
}
