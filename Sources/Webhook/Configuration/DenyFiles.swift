import AccessPolicy
import Files
public import SafeText
public import Timestamps

/// The deny files of a configuration, in their last readable versions.
public struct DenyFiles: Sendable, Hashable {
    /// The entries of each file's last readable version, by path.
    private var lists: [ExactText: [DeniedEntry]] = [:]
    /// Why the newest version of a file is not used, by path.
    public private(set) var problems: [ExactText: String] = [:]

    /// Deny files of a configuration that names none.
    public init() {}

    /// The files that a configuration names, each once.
    public static func paths(_ configuration: WebhookConfiguration) -> Set<ExactText> {
        Set(configuration.tenants.compactMap { $0.deniedFile.map { ExactText($0) } })
    }

    /// Reads every file that a configuration names.
    ///
    /// An invalid file is a problem of the configuration, because an accidentally empty list would let people in. If an
    /// earlier version is known, it stays active, and ``problems`` says why.
    ///
    /// - Parameters:
    ///   - lastGood: the previously read files.
    ///   - isTrusted: whether the lists will decide about access, so that nobody else may be able to write them.
    public static func read(
        _ loaded: LoadedConfiguration, lastGood: DenyFiles = DenyFiles(), isTrusted: Bool = true
    ) -> (files: DenyFiles, problems: [ConfigurationProblem]) {
        var files = DenyFiles()
        var problems: [ConfigurationProblem] = []
        var unusable: Set<ExactText> = []
        for (index, tenant) in loaded.configuration.tenants.enumerated() {
            guard let path = tenant.deniedFile.map({ ExactText($0) }), files.lists[path] == nil,
                !unusable.contains(path)
            else { continue }
            do throws(DenyFileError) {
                files.lists[path] = try DenyFile.read(path.text, isTrusted: isTrusted)
            } catch {
                if let known = lastGood.lists[path] {
                    files.lists[path] = known
                    files.problems[path] = error.sentence
                    continue
                }
                unusable.insert(path)
                problems.append(loaded.problem("tenants[\(index)].deniedFile", "\(path): \(error.sentence)"))
            }
        }
        return (files, problems)
    }

    /// A configuration with the entries of its deny files, for commands.
    ///
    /// - Throws: ``ConfigurationError`` if the configuration or one of these files is invalid.
    public static func load(path: String) throws(ConfigurationError) -> LoadedConfiguration {
        var loaded = try ConfigurationLoader.load(path: path)
        let (files, problems) = read(loaded, isTrusted: false)
        guard problems.isEmpty else { throw ConfigurationError(problems: problems, partial: loaded) }
        loaded.configuration = files.applied(to: loaded.configuration)
        return loaded
    }

    /// The entries of one file.
    func entries(in path: String) -> [DeniedEntry] { lists[ExactText(path)] ?? [] }

    /// Number of entries in force in the configuration and its files, for all tenants.
    public func count(in configuration: WebhookConfiguration, inForceAt now: Timestamp) -> Int {
        configuration.tenants.reduce(0) { sum, tenant in
            let list = tenant.deniedFile.flatMap { lists[ExactText($0)] } ?? []
            return sum + tenant.policy.denied.count { $0.isInForce(at: now) } + list.count { $0.isInForce(at: now) }
        }
    }

    /// Whether the active entries are the same, whatever is wrong with newer versions.
    public func hasSameLists(as other: DenyFiles) -> Bool { lists == other.lists }

    /// The configuration with the entries of its files added to each tenant.
    public func applied(to configuration: WebhookConfiguration) -> WebhookConfiguration {
        var configuration = configuration
        for index in configuration.tenants.indices {
            if let path = configuration.tenants[index].deniedFile, let list = lists[ExactText(path)] {
                configuration.tenants[index].policy.denied += list
            }
        }
        return configuration
    }
}
