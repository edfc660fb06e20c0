import Entra
import EntraTokens
import Logging
import Timestamps

/// What is logged about a tenant's keys.
enum KeyLogLine: Equatable, Sendable {
    /// Which keys are in use after an attempt that failed.
    enum Keys: String, Sendable {
        case someNew = "some are new"
        case lastGood = "the last known good keys stay"
        case none = "there are none"
    }

    case keyUnknown
    case refreshed(keys: Int)
    /// - Parameter leftOut: lines with the same cause since the last one.
    case failed(KeyFetchError, cause: String, keys: Keys, leftOut: Int)
    case unusable([KeyProblemNote])
    case tooOld
    case fileIsOld(fetchedAt: Timestamp)
    case cacheTaken(fetchedAt: Timestamp)
    case cacheIgnored(KeyFileError)

    /// - Parameters:
    ///   - source: whose keys they are: an authority's or a file's.
    ///   - cacheFile: the path of the cache file.
    func write(to logger: Logger, source: String, cacheFile: String) {
        switch self {
        case .keyUnknown: logger.info("a token names an unknown key, so the signing keys are fetched")
        case .refreshed(let count): logger.info("signing keys refreshed", metadata: ["keys": "\(count)"])
        case .failed(let failure, let cause, let keys, let leftOut):
            var metadata: Logger.Metadata = [
                "cause": "\(cause)", "result": "\(failure.label)", "keys": "\(keys.rawValue)", "from": "\(source)",
            ]
            if leftOut > 0 { metadata["leftOut"] = "\(leftOut)" }
            logger.warning("signing keys could not be refreshed", metadata: metadata)
        case .unusable(let problems):
            // A tenant's set usually contains keys for other issuers too, so no warning is needed for these.
            let isOrdinary = problems.allSatisfy { $0.problem.isOfAnother }
            logger.log(
                level: isOrdinary ? .debug : .warning, "some signing keys cannot be used",
                metadata: ["cause": "\(problems.map(\.description).joined(separator: "; "))"])
        case .tooOld: logger.error("the signing keys are too old to be used any longer")
        case .fileIsOld(let fetchedAt):
            logger.warning(
                "the signing keys in the file are old, and tokens with a newer key are refused",
                metadata: ["fetched": "\(fetchedAt.rfc3339)", "file": "\(source)"])
        case .cacheTaken(let fetchedAt):
            logger.info("signing keys taken from the cache file", metadata: ["fetched": "\(fetchedAt.rfc3339)"])
        case .cacheIgnored(let error):
            logger.warning(
                "the cache file of signing keys is ignored",
                metadata: ["cause": "\(error.sentence)", "file": "\(cacheFile)"])
        }
    }
}

extension KeyFetchError {
    /// The cause, with the proxy and a hint if they matter.
    func explained(_ rules: RemoteKeyRules) -> String {
        let advice = rules.trust.flatMap { trust in
            hint(
                trust, authorityCA: rules.authorityCA, option: "authorityCA", proxyOption: "signingKeys.proxy",
                isThroughProxy: rules.proxyName != nil)
        }
        let proxy = isOfProxy ? rules.proxyName.map { "the proxy is \($0)" } : nil
        return [sentence, proxy, advice].compactMap { $0 }.joined(separator: "; ")
    }
}
