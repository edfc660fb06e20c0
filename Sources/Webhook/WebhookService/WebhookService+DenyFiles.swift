import Configuration
import NIOConcurrencyHelpers
import SafeText
import Timestamps
import WebhookServer

/// Deny files are watched separately from the configuration, so that a mistake in one does not block the other.
extension WebhookService {
    /// Reads changed deny files again, and updates the number of entries in force.
    func pollDenyFiles() {
        let (served, before) = current.withLockedValue { ($0.served, $0.denyVersions) }
        if FileVersions(DenyFiles.paths(served.loaded.configuration)) != before { reloadDenyFiles() }
        recordDenied()
    }

    /// Activates the lists on disk. For a broken file, the last good version stays active.
    func reloadDenyFiles() {
        let before = current.withLockedValue { $0.served }
        // The versions before the read, so that a change during the read is noticed.
        let versions = FileVersions(DenyFiles.paths(before.loaded.configuration))
        var new = before
        new.denyFiles = DenyFiles.read(before.loaded, lastGood: before.denyFiles).files
        current.withLockedValue { $0.denyVersions = versions }
        _ = carryOut(ReloadPlan(old: before.state, denyFiles: new.denyFiles), from: before, to: new)
    }

    /// Number of entries in force in all tenants.
    var entriesInForce: Int {
        let served = current.withLockedValue { $0.served }
        return served.denyFiles.count(in: served.loaded.configuration, inForceAt: .now())
    }

    func recordDenied() {
        metrics.setDenied(
            entries: entriesInForce, isBroken: !current.withLockedValue { $0.served.denyFiles.problems.isEmpty })
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
