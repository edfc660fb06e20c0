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

    /// A configuration with the entries of those of its deny files that are here, for commands that look at what it
    /// says: where it is reviewed, the lists of the nodes are not. What is not known is in the notes.
    ///
    /// - Throws: ``ConfigurationError`` if the configuration or one of the files that are here is invalid.
    public static func loadKnown(
        path: String
    ) throws(ConfigurationError) -> (loaded: LoadedConfiguration, notes: [String]) {
        var loaded = try ConfigurationLoader.load(path: path)
        var present = loaded
        var notes: [String] = []
        for (index, tenant) in loaded.configuration.tenants.enumerated() {
            guard let file = tenant.deniedFile, FileVersion(path: file) == nil else { continue }
            present.configuration.tenants[index].deniedFile = nil
            notes.append(
                "the entries of tenants[\(index)].deniedFile are not known here: \(file): \(FileError.missing.sentence)"
            )
        }
        let (files, problems) = read(present, isTrusted: false)
        guard problems.isEmpty else { throw ConfigurationError(problems: problems, partial: loaded) }
        loaded.configuration = files.applied(to: loaded.configuration)
        return (loaded, notes)
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
