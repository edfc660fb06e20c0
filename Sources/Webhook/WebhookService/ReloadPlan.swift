import Configuration
import Entra
import OpenSSL
import SafeText

/// The state that a reload compares: the active one, or one that was read to replace it.
struct ReloadState {
    var loaded: LoadedConfiguration
    var denyFiles: DenyFiles
    /// Digest of everything that the TLS context is made from.
    var presented: SHA256Digest
    /// The certificates of `server.clientCA`, in DER.
    var clientAuthorities: [[UInt8]]

    var configuration: WebhookConfiguration { loaded.configuration }

    /// The paths whose changes cause a reload. Deny files are watched separately.
    var paths: Set<ExactText> { ReloadState.paths(loaded) }

    static func paths(_ loaded: LoadedConfiguration) -> Set<ExactText> {
        Set(([loaded.path] + ServerIdentity.paths(loaded.configuration.server)).map { ExactText($0) })
    }
}

/// What one reload does, in order. Pure: ``WebhookService`` carries it out.
///
/// What can still fail comes first, so that a plan that fails has changed nothing, and ``init(old:refused:)`` says what
/// is done instead. Directories come before rules and keys, which may need their answers. Keys and rules change in one
/// step, so that no token is checked by new rules without their keys. The new state is adopted once it is active.
struct ReloadPlan: Equatable {
    enum Action: Equatable {
        /// Write decisions to this file from now on, or to none. The only action that can fail.
        case openAudit(ExactText?)
        case setLogging(LoggingSettings)
        /// Use the new settings of directories; unchanged directories keep their caches.
        case replaceDirectories
        /// Use the new settings of keys, and decide by the new rules in the same step. Create the metrics of these
        /// tenants.
        case replaceKeysAndRules(tenants: [GUID])
        /// Decide by the new rules, and drop what was decided by the old ones.
        case replaceRules
        /// Present this certificate; connections with the old one end within that time.
        case replaceCertificate(closingOldWithin: Duration)
        /// Limits, allowed client names and the cache's bounds.
        case setOptions
        /// End the metrics of tenants that are gone.
        case forgetTenants([GUID])
        /// The new state is the one to compare with, and the one that the status page shows.
        case adopt
        /// Watch these files; a change of one causes the next reload.
        case follow(Set<ExactText>)
        case reportInForce
        /// The new configuration is not used, and everything stays as it is.
        case reportRefused(ConfigurationError)
        /// A field has changed that a running process cannot change.
        case reportRestartNeeded(field: String)
        case reportDenyListInForce
        /// A deny file is not used, and its last good list stays active.
        case reportDenyListRefused(path: ExactText, problem: String)
        case reportDenyListUsable(path: ExactText)
    }

    private(set) var actions: [Action] = []

    /// A configuration that was read and can be used.
    ///
    /// - Parameter started: the server's settings as they were at the start of the process.
    init(old: ReloadState, new: ReloadState, started: ServerSettings) {
        let isOtherText = old.loaded.contentSHA256 != new.loaded.contentSHA256
        planLogging(old.configuration.logging, new.configuration.logging)
        let areDirectoriesOthers = DirectorySource.all(old.configuration) != DirectorySource.all(new.configuration)
        if areDirectoriesOthers { actions.append(.replaceDirectories) }
        let (oldTenants, newTenants) = (old.tenantIDs, new.tenantIDs)
        if KeySource.all(old.configuration) != KeySource.all(new.configuration) {
            actions.append(.replaceKeysAndRules(tenants: newTenants))
        } else if isOtherText || areDirectoriesOthers || !new.denyFiles.hasSameLists(as: old.denyFiles) {
            // Not compared field by field, because the bytes of the file show every change. If the settings of a
            // directory change, decisions that rest on its old answers must be dropped too.
            actions.append(.replaceRules)
        }
        // Connections end when the certificate is replaced, so it is replaced only if it has changed.
        if old.presented != new.presented {
            // Callers that are no longer allowed must lose their connections soon.
            let areCallersOthers = old.clientAuthorities != new.clientAuthorities
            actions.append(.replaceCertificate(closingOldWithin: areCallersOthers ? .seconds(2) : .seconds(30)))
        }
        if isOtherText { actions.append(.setOptions) }
        let gone = oldTenants.filter { !newTenants.contains($0) }
        if !gone.isEmpty { actions.append(.forgetTenants(gone)) }
        for field in ReloadPlan.restartFields(old.configuration.server, new.configuration.server, started) {
            actions.append(.reportRestartNeeded(field: field))
        }
        actions += [.adopt, .follow(new.paths), .reportInForce]
        planDenyReports(old.denyFiles, new.denyFiles, named: DenyFiles.paths(new.configuration))
    }

    /// A configuration that cannot be used: everything stays active, and every file whose change may make it usable is
    /// watched.
    init(old: ReloadState, refused error: ConfigurationError) {
        let named = error.partial.map { partial in
            ReloadState.paths(partial).union(ServableConfiguration.neededPaths(partial).map { ExactText($0) })
        }
        actions = [.follow(old.paths.union(named ?? [])), .reportRefused(error)]
    }

    /// Deny files that were read again while the configuration was not.
    init(old: ReloadState, denyFiles: DenyFiles) {
        let areListsOthers = !denyFiles.hasSameLists(as: old.denyFiles)
        if areListsOthers { actions.append(.replaceRules) }
        actions.append(.adopt)
        if areListsOthers { actions.append(.reportDenyListInForce) }
        planDenyReports(old.denyFiles, denyFiles, named: DenyFiles.paths(old.configuration))
    }

    private mutating func planLogging(_ old: LoggingSettings, _ new: LoggingSettings) {
        let (from, to) = (old.audit.map { ExactText($0) }, new.audit.map { ExactText($0) })
        if from != to { actions.append(.openAudit(to)) }
        if old.level != new.level || old.format != new.format { actions.append(.setLogging(new)) }
    }

    private mutating func planDenyReports(_ old: DenyFiles, _ new: DenyFiles, named: Set<ExactText>) {
        for (path, problem) in new.problems.sorted(by: { $0.key < $1.key }) where old.problems[path] != problem {
            actions.append(.reportDenyListRefused(path: path, problem: problem))
        }
        for path in old.problems.keys.sorted() where new.problems[path] == nil && named.contains(path) {
            actions.append(.reportDenyListUsable(path: path))
        }
    }

    /// Fields that have changed and now differ from those that the process was started with.
    private static func restartFields(
        _ old: ServerSettings, _ new: ServerSettings, _ started: ServerSettings
    ) -> [String] {
        func needs<Value: Equatable>(_ field: KeyPath<ServerSettings, Value>) -> Bool {
            old[keyPath: field] != new[keyPath: field] && new[keyPath: field] != started[keyPath: field]
        }
        var fields: [String] = []
        if needs(\.listen) { fields.append("server.listen") }
        if needs(\.eventLoops) { fields.append("server.eventLoops") }
        if needs(\.operations) { fields.append("server.operations") }
        if needs(\.cryptography) { fields.append("server.cryptography") }
        return fields
    }
}

extension ReloadState {
    fileprivate var tenantIDs: [GUID] { configuration.tenants.map(\.trust.tenantID) }
}
