internal import ArgumentParser
internal import Configuration
internal import EntraTokens
internal import Files
internal import SigningKeys
internal import Timestamps

extension OfflineKeys {
    /// The keys of a file for every configured tenant that they fit; without a configuration, as they are.
    static func read(_ path: String, tenants: [TenantTrust]) throws -> KeySnapshot {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileBytes.read(path, maximumBytes: KeySetReader.maximumBytes)
        } catch {
            throw cannot("\(path): \(error.sentence)")
        }
        var sets: [TenantKeySet?] = []
        var problem: KeyFileError?
        for trust in tenants {
            do throws(KeyFileError) {
                sets.append(keySet(try KeyFile.parse(bytes, trust: trust)))
            } catch {
                problem = error
                sets.append(nil)
            }
        }
        if let problem, sets.allSatisfy({ $0 == nil }) { throw cannot("\(path): \(problem.sentence)") }
        return KeySnapshot(sets)
    }

    /// What the configuration itself names: the offline file, or else the cache file where it is there.
    static func configured(_ configuration: WebhookConfiguration) -> KeySnapshot? {
        let sets = configuration.tenants.map { tenant -> TenantKeySet? in
            for path in [tenant.signingKeys.file, tenant.signingKeys.cacheFile].compactMap({ $0 }) {
                if let file = try? KeyFile.read(path: path, trust: tenant.trust), !file.report.usable.isEmpty {
                    return keySet(file)
                }
            }
            return nil
        }
        return sets.contains { $0 != nil } ? KeySnapshot(sets) : nil
    }

    private static func keySet(_ file: KeyFile) -> TenantKeySet {
        TenantKeySet(keys: file.report.usable, usableUntil: Timestamp(secondsSinceEpoch: .max))
    }
}

extension Timestamp {
    /// The time of `--at`, or now.
    static func at(_ text: String?) throws -> Timestamp {
        guard let text else { return .now() }
        guard let time = Timestamp(rfc3339: text) else {
            throw ValidationError("--at must be a date and time with a zone, for example 2026-12-01T00:00:00Z")
        }
        return time
    }
}
