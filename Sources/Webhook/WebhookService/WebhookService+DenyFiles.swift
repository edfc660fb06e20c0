internal import Authentication
internal import Configuration
internal import Files
internal import Logging
internal import NIOConcurrencyHelpers
internal import SafeText
internal import Timestamps
internal import WebhookServer

/// Deny files are watched separately from the configuration, so that a mistake in one does not block the other.
extension WebhookService {
    /// Reads changed deny files again, and updates the number of entries in force.
    func pollDenyFiles() {
        let (loaded, before) = current.withLockedValue { ($0.loaded, $0.denyStamps) }
        let paths = DenyFiles.paths(loaded.configuration)
        if WebhookService.stamps(paths) != before { reloadDenyFiles() }
        recordDenied()
    }

    /// Activates the lists on disk. For a broken file, the last good version stays active.
    func reloadDenyFiles() {
        let (loaded, before) = current.withLockedValue { ($0.loaded, $0.denyFiles) }
        // The versions before the read, so that a change during the read is noticed.
        let stamps = WebhookService.stamps(DenyFiles.paths(loaded.configuration))
        let files = DenyFiles.read(loaded, lastGood: before).files
        current.withLockedValue { current in
            current.denyStamps = stamps
            current.denyFiles = files
        }
        if !files.hasSameLists(as: before) {
            server.update(authenticator: Authenticator(files.applied(to: loaded.configuration).authentication))
            logger.notice("the deny list is in force", metadata: ["entries": "\(entriesInForce)"])
        }
        guard files.problems != before.problems else { return }
        for (path, problem) in files.problems.sorted(by: { $0.key < $1.key }) where before.problems[path] != problem {
            metrics.recordConfigReload(.failure)
            logger.error(
                "the deny list cannot be used, the last good one stays",
                metadata: ["file": "\(path)", "problem": "\(problem)"])
        }
        for path in before.problems.keys.sorted() where files.problems[path] == nil {
            logger.notice("the deny list can be used again", metadata: ["file": "\(path)"])
        }
    }

    /// Number of entries in force in all tenants.
    var entriesInForce: Int {
        let (loaded, files) = current.withLockedValue { ($0.loaded, $0.denyFiles) }
        return files.count(in: loaded.configuration, inForceAt: .now())
    }

    func recordDenied() {
        metrics.setDenied(entries: entriesInForce, isBroken: !current.withLockedValue { $0.denyFiles.problems.isEmpty })
    }
}

extension DenyFiles {
    /// The text of `/readyz?verbose` while a newer list cannot be used.
    var problemDescription: String? {
        guard !problems.isEmpty else { return nil }
        let texts = problems.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        let line = "a newer version was refused, the last good list stays: " + texts.joined(separator: "; ")
        return PrintableText.clean(line, maximum: 300)
    }
}
