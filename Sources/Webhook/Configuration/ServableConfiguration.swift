public import SafeText
import Timestamps

/// A configuration that `serve` can use, with the content of the files that it names.
public struct ServableConfiguration: Sendable {
    /// The configuration.
    public let loaded: LoadedConfiguration
    /// The server's certificate, and the authorities of its clients.
    public let identity: ServerIdentity
    /// The content of the tenants' deny files.
    public let denyFiles: DenyFiles
    /// Facts about the other files.
    let facts: LintEnvironment

    /// Reads everything. Throws every problem of the configuration and of its files together.
    ///
    /// The configuration is read only if nobody else can write it.
    ///
    /// - Parameters:
    ///   - lastGood: deny files in their last readable versions; an invalid one is then not a problem.
    ///   - knownKeyFiles: offline key files whose last good keys are in use; an invalid one is then not a problem
    ///     either.
    ///   - knownAudit: path of the audit file in use. If it can no longer be written, that is then not a problem,
    ///     because a change that takes access away must not wait for a log.
    ///   - waits: whether the path may be a pipe, for whose writer this waits.
    public static func load(
        _ path: String, lastGood: DenyFiles = DenyFiles(), knownKeyFiles: Set<ExactText> = [],
        knownAudit: ExactText? = nil, waits: Bool = false
    ) throws(ConfigurationError) -> ServableConfiguration {
        var problems: [ConfigurationProblem] = []
        let loaded: LoadedConfiguration
        do throws(ConfigurationError) {
            loaded = try ConfigurationLoader.load(path: path, isTrusted: true, waits: waits)
        } catch {
            guard let partial = error.partial else { throw error }
            problems = error.problems
            loaded = partial
        }
        let audit = loaded.configuration.logging.audit.map { ExactText($0) }
        if audit != knownAudit, let problem = AuditFile.problem(loaded) { problems.append(problem) }
        let denied = DenyFiles.read(loaded, lastGood: lastGood)
        problems += denied.problems
        let identity: ServerIdentity?
        do throws(ConfigurationError) {
            identity = try ServerIdentity.load(loaded)
        } catch {
            // A problem of the field itself comes before one of its file.
            problems += error.problems.filter { one in !problems.contains { $0.field == one.field } }
            identity = nil
        }
        var facts = LintEnvironment(filesOf: loaded.configuration, now: .now())
        problems += facts.takeNeeded(loaded, except: knownKeyFiles)
        guard problems.isEmpty, let identity else { throw ConfigurationError(problems: problems, partial: loaded) }
        return ServableConfiguration(
            loaded: loaded, identity: identity, denyFiles: denied.files, facts: facts)
    }

    /// What ``load(_:lastGood:knownKeyFiles:knownAudit:)`` says about the files of tenants.
    public static func problemsOfTenants(_ loaded: LoadedConfiguration) -> [ConfigurationProblem] {
        var facts = LintEnvironment(filesOf: loaded.configuration, now: .now())
        return DenyFiles.read(loaded).problems + facts.takeNeeded(loaded, except: [])
    }

    /// The files whose change may make a refused configuration usable.
    public static func neededPaths(_ loaded: LoadedConfiguration) -> [String] {
        loaded.configuration.files.filter(\.isNeeded).map(\.path)
    }
}

extension LintEnvironment {
    /// What is wrong with files that `serve` needs; these are errors, not findings.
    fileprivate mutating func takeNeeded(
        _ loaded: LoadedConfiguration, except known: Set<ExactText>
    ) -> [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        for file in loaded.configuration.files
        where file.isNeeded && !(file.role == .signingKeys && known.contains(ExactText(file.path))) {
            if let sentence = unusableFiles.removeValue(forKey: file.field) {
                problems.append(loaded.problem(file.field, sentence))
            } else if missingFiles.contains(file.path), file.role.isTenants {
                problems.append(loaded.problem(file.field, "\(file.path): there is no such file"))
            }
        }
        return problems
    }
}

extension FileRole {
    /// Whether a tenant needs the file, and nothing else has checked it.
    fileprivate var isTenants: Bool {
        switch self {
        case .authorityCA, .graphCA, .clientSecret, .clientCertificate, .federatedToken, .signingKeys: true
        case .serverCertificate, .serverKey, .clientCA, .keyCache, .deniedList, .names, .audit: false
        }
    }
}
