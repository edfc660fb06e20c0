internal import Authentication
internal import Configuration
internal import Files
internal import Logging
internal import NIOConcurrencyHelpers
internal import SafeText
internal import Timestamps
internal import WebhookServer

/// Deny files are followed apart from the configuration, so that neither waits for the other's mistakes.
extension WebhookService {
    /// Reads the deny files again when one has changed, and counts anew the entries in force.
    func pollDenyFiles() {
        let (loaded, before) = current.withLockedValue { ($0.loaded, $0.denyStamps) }
        let paths = DenyFiles.paths(loaded.configuration)
        if WebhookService.stamps(paths) != before { reloadDenyFiles() }
        recordDenied()
    }

    /// Puts the lists that are on disk in force. A broken one leaves its last good version there.
    func reloadDenyFiles() {
        let (loaded, before) = current.withLockedValue { ($0.loaded, $0.denyFiles) }
        // As the files are before they are read: one that changes meanwhile has to be read again.
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

    /// How many entries are in force now, over all tenants.
    var entriesInForce: Int {
        let (loaded, files) = current.withLockedValue { ($0.loaded, $0.denyFiles) }
        return files.count(in: loaded.configuration, inForceAt: .now())
    }

    func recordDenied() {
        metrics.setDenied(entries: entriesInForce, isBroken: !current.withLockedValue { $0.denyFiles.problems.isEmpty })
    }
}

extension DenyFiles {
    /// What `/readyz?verbose` says while a newer version of a list can't be used.
    var problemDescription: String? {
        guard !problems.isEmpty else { return nil }
        let texts = problems.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        let line = "a newer version was refused, the last good list stays: " + texts.joined(separator: "; ")
        return PrintableText.clean(line, maximum: 300)
    }
}
