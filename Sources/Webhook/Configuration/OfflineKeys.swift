import Entra
public import EntraTokens
import SigningKeys
import Terminal
import Timestamps

/// Signing keys from files, for commands that open no connection.
public enum OfflineKeys {
    /// The keys in the files for each tenant that can use them; without files, those of `signingKeys.file`.
    ///
    /// - Throws: `CommandFailure` if a file cannot be read or used, or if there are no keys at all.
    public static func snapshot(_ files: [String], for configuration: WebhookConfiguration) throws -> KeySnapshot {
        var found: [GUID: [SigningKey]] = [:]
        for file in files {
            // Once: it may be a pipe.
            let bytes = try CommandFile.read(file, maximumBytes: KeySetReader.maximumBytes)
            var failure: KeyFileError?
            var problem: KeyProblem?
            var isUsed = false
            for tenant in configuration.tenants {
                do throws(KeyFileError) {
                    let report = try KeyFile.parse(bytes, trust: tenant.trust).report
                    problem = problem ?? report.keys.compactMap(\.problem).first
                    let keys = report.usable
                    guard !keys.isEmpty else { continue }
                    found[tenant.trust.tenantID, default: []].append(contentsOf: keys)
                    isUsed = true
                } catch {
                    failure = error
                }
            }
            if !isUsed { throw CommandFailure("\(file): \((failure ?? .noUsableKeys(problem)).sentence)") }
        }
        if files.isEmpty {
            for tenant in configuration.tenants {
                guard let file = tenant.signingKeys.file else { continue }
                do {
                    let keys = try KeyFile.read(path: file, trust: tenant.trust, isTrusted: false).report.usable
                    if !keys.isEmpty { found[tenant.trust.tenantID] = keys }
                } catch {
                    throw CommandFailure("\(file): \(error.sentence)")
                }
            }
        }
        guard !found.isEmpty else {
            throw CommandFailure(
                "a token can only be checked with its tenant's signing keys: give --keys FILE"
                    + " (`kube-entra keys fetch` writes one); or ask without a token, with --claims or --group")
        }
        return KeySnapshot(
            found.mapValues { TenantKeySet(keys: $0, usableUntil: Timestamp(secondsSinceEpoch: .max)) })
    }
}
