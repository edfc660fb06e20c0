public import Entra
public import EntraTokens
import Files
import SigningKeys
import Terminal
public import Timestamps

extension OfflineKeys {
    /// The keys of a file, for every tenant that can use them.
    ///
    /// - Parameter tenants: the configured tenants, or the one that a token names. Empty for a token of another system,
    ///   whose key would not be in the file anyway.
    /// - Throws: `CommandFailure` if this is not a file of keys, or none of these tenants can use any of them.
    public static func read(_ path: String, tenants: [TokenValidationRules]) throws -> KeySnapshot {
        let bytes = try CommandFile.read(path, maximumBytes: KeySetReader.maximumBytes)
        var sets: [GUID: TenantKeySet] = [:]
        var problem: String?
        for trust in tenants {
            do throws(KeyFileError) {
                let file = try KeyFile.parse(bytes, trust: trust)
                if file.report.usable.isEmpty { problem = KeyFileError.noUsableKeys(nil).sentence + why(file.report) }
                if !file.report.usable.isEmpty { sets[trust.tenantID] = keySet(file) }
            } catch {
                problem = error.sentence
            }
        }
        if tenants.isEmpty {
            do throws(KeySetError) { _ = try KeySetReader.read(bytes, trust: anyTenant) } catch {
                problem = error.sentence
            }
        }
        if let problem, sets.isEmpty { throw CommandFailure("\(path): \(problem)") }
        return KeySnapshot(sets)
    }

    /// Why no key is usable: the most frequent problem.
    private static func why(_ report: KeySetReport) -> String {
        let counts = Dictionary(grouping: report.keys.compactMap(\.problem)) { $0 }.mapValues(\.count)
        guard let (problem, count) = counts.max(by: { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) })
        else {
            return ": there is none in it"
        }
        return ": \(count == 1 ? "a key" : "each of \(count) keys") \(problem.sentence)"
    }

    private static var anyTenant: TokenValidationRules {
        TokenValidationRules(tenantID: .zero, audiences: [])
    }

    /// The keys of the configured offline file, or else of the cache file if it exists.
    public static func configured(
        _ configuration: WebhookConfiguration, now: Timestamp
    ) -> (snapshot: KeySnapshot?, notes: [String]) {
        var notes: [String] = []
        func keys(of tenant: TenantSettings) -> TenantKeySet? {
            let files = [("file", tenant.signingKeys.file), ("cacheFile", tenant.signingKeys.cacheFile)]
            for (name, path) in files {
                guard let path else { continue }
                do throws(KeyFileError) {
                    let file = try KeyFile.read(path: path, trust: tenant.trust, isTrusted: false)
                    if !file.report.usable.isEmpty {
                        if name == "cacheFile", let fetched = file.fetchedAt {
                            let age = RelativeTime.describe(fetched, now: now)
                            notes.append("keys from signingKeys.cacheFile, fetched \(age)")
                        }
                        return keySet(file)
                    }
                    notes.append(
                        "signingKeys.\(name) \(path): \(KeyFileError.noUsableKeys(nil).sentence)\(why(file.report))")
                } catch {
                    notes.append("signingKeys.\(name) \(path): \(error.sentence)")
                }
            }
            return nil
        }
        var sets: [GUID: TenantKeySet] = [:]
        for tenant in configuration.tenants { sets[tenant.trust.tenantID] = keys(of: tenant) }
        return (sets.isEmpty ? nil : KeySnapshot(sets), notes)
    }

    private static func keySet(_ file: KeyFile) -> TenantKeySet {
        TenantKeySet(keys: file.report.usable, usableUntil: Timestamp(secondsSinceEpoch: .max))
    }
}
