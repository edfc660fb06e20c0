internal import Entra
internal import EntraTokens
internal import Files
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Timestamps

extension RemoteKeySet {
    /// Time between two checks of a key file.
    private static let filePollInterval = TimeAmount.seconds(1)
    /// Number of seconds by which another machine's clock may be ahead.
    private static let clockTolerance: Int64 = 300

    // MARK: Cache file

    func readCache() {
        guard let path = plan.cacheFile else { return }
        let now = environment.now()
        do throws(KeyFileError) {
            let file = try KeyFile.readCache(path: path, trust: plan.trust)
            guard file.fetchedAt <= now.adding(seconds: RemoteKeySet.clockTolerance) else { throw .fromTheFuture }
            guard now < file.fetchedAt.adding(seconds: plan.maximumAge.components.seconds) else { throw .tooOld }
            let isNewer = guarded.withLockedValue { guarded in
                // After a reload, the keys in memory may be newer.
                if let lastSuccess = guarded.state.lastSuccess, lastSuccess >= file.fetchedAt { return false }
                guarded.state.take(file.report, for: .v2, at: min(file.fetchedAt, now))
                return true
            }
            guard isNewer else { return }
            publish()
            logger.info("signing keys taken from the cache file", metadata: ["fetched": "\(file.fetchedAt.rfc3339)"])
        } catch {
            guard error != .file(.missing) else { return }
            logger.warning(
                "the cache file of signing keys is ignored",
                metadata: ["cause": "\(error.sentence)", "file": "\(path)"])
        }
    }

    func writeCache() {
        guard let path = plan.cacheFile else { return }
        let state = guarded.withLockedValue { $0.state }
        let keys = state.newestJWKs
        guard let time = state.lastSuccess, !keys.isEmpty else { return }
        do throws(FileError) {
            try FileIO.write(KeyFile.render(keys: keys, trust: plan.trust, fetchedAt: time), to: path)
        } catch {
            logger.warning(
                "the cache file of signing keys is not written",
                metadata: ["cause": "\(error.sentence)", "file": "\(path)"])
        }
    }

    // MARK: Offline file

    func scheduleFilePoll() {
        guarded.withLockedValue { guarded in
            guard !guarded.isStopped else { return }
            guarded.timer = eventLoop.scheduleTask(in: RemoteKeySet.filePollInterval) {
                self.pollFile()
                self.scheduleFilePoll()
            }
        }
    }

    private func pollFile() {
        guard let path = plan.file else { return }
        let stamp = FileVersion(path: path)
        let changed = guarded.withLockedValue { $0.fileStamp != stamp }
        if changed { reloadFile() }
    }

    /// Reads the offline file. If it is unusable, the last good keys stay.
    func reloadFile() {
        guard let path = plan.file, !guarded.withLockedValue({ $0.isStopped }) else { return }
        // The version before the read, so that a change during the read is noticed at the next check.
        let stamp = FileVersion(path: path)
        let now = environment.now()
        do throws(KeyFileError) {
            let file = try KeyFile.read(path: path, trust: plan.trust, isTrusted: true)
            guard !file.report.usable.isEmpty else {
                throw .noUsableKeys(file.report.keys.compactMap(\.problem).first)
            }
            guarded.withLockedValue { guarded in
                guarded.fileStamp = stamp
                guarded.state.take(file.report, for: .v2, at: now)
            }
            observe(.refreshed(tenant: tenantID, result: "success"))
            publish()
            log(nil, gotKeys: true)
        } catch {
            guarded.withLockedValue { $0.fileStamp = stamp }
            let failure = KeyFetchError.file(error)
            observe(.refreshed(tenant: tenantID, result: failure.label))
            log(failure, gotKeys: false)
        }
    }
}
