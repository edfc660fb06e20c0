internal import AccessPolicy
internal import Files
internal import Timestamps

/// The deny files of a configuration, as they were when they could last be read.
public struct DenyFiles: Sendable, Hashable {
    /// By path.
    private var lists: [String: [DeniedEntry]] = [:]
    /// Why a newer version of a file isn't in force, by path.
    public private(set) var problems: [String: String] = [:]

    public init() {}

    /// The files that a configuration names, each once.
    public static func paths(_ configuration: WebhookConfiguration) -> Set<String> {
        Set(configuration.tenants.compactMap(\.deniedFile))
    }

    /// Reads every file that a configuration names.
    ///
    /// A broken file is a problem of the configuration, since an empty list by accident would let people in. Where an
    /// earlier version is known, that one stays in force, and ``problems`` says why.
    ///
    /// - Parameter lastGood: what was read before.
    public static func read(
        _ loaded: LoadedConfiguration, lastGood: DenyFiles = DenyFiles()
    ) -> (files: DenyFiles, problems: [ConfigurationProblem]) {
        var files = DenyFiles()
        var problems: [ConfigurationProblem] = []
        var unusable: Set<String> = []
        for (index, tenant) in loaded.configuration.tenants.enumerated() {
            guard let path = tenant.deniedFile, files.lists[path] == nil, !unusable.contains(path) else { continue }
            do throws(DenyFileError) {
                files.lists[path] = try DenyFile.read(path)
            } catch {
                if let known = lastGood.lists[path] {
                    files.lists[path] = known
                    files.problems[path] = error.sentence
                    continue
                }
                unusable.insert(path)
                let field = "tenants[\(index)].deniedFile"
                let place = loaded.positions[field] ?? FieldPosition(line: 1, column: 1)
                problems.append(
                    ConfigurationProblem(
                        file: loaded.path, line: place.line, column: place.column, field: field,
                        message: "\(path): \(error.sentence)"))
            }
        }
        return (files, problems)
    }

    /// Whether the same entries are in force, whatever is wrong with newer versions.
    public func hasSameLists(as other: DenyFiles) -> Bool { lists == other.lists }

    /// The configuration with each tenant's entries of both places.
    public func applied(to configuration: WebhookConfiguration) -> WebhookConfiguration {
        var configuration = configuration
        for index in configuration.tenants.indices {
            if let path = configuration.tenants[index].deniedFile, let list = lists[path] {
                configuration.tenants[index].policy.denied += list
            }
        }
        return configuration
    }
}
