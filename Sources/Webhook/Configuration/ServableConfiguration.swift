/// A configuration that can be served: itself, and what is in the files that it names.
public struct ServableConfiguration: Sendable {
    /// The configuration.
    public let loaded: LoadedConfiguration
    /// What the server presents and whom it trusts.
    public let identity: ServerIdentity
    /// What is in the tenants' deny files.
    public let denyFiles: DenyFiles

    /// Reads everything; throws every problem of the configuration and of those files together.
    ///
    /// - Parameter lastGood: deny files as they could last be read; a broken one is then no problem.
    public static func load(
        _ path: String, lastGood: DenyFiles = DenyFiles()
    ) throws(ConfigurationError) -> ServableConfiguration {
        var problems: [ConfigurationProblem] = []
        let loaded: LoadedConfiguration
        do throws(ConfigurationError) {
            loaded = try ConfigurationLoader.load(path: path)
        } catch {
            guard let partial = error.partial else { throw error }
            problems = error.problems
            loaded = partial
        }
        if let problem = AuditFile.problem(loaded) { problems.append(problem) }
        let denied = DenyFiles.read(loaded, lastGood: lastGood)
        problems += denied.problems
        let identity: ServerIdentity?
        do throws(ConfigurationError) {
            identity = try ServerIdentity.load(loaded)
        } catch {
            // What a field says comes before what is in the file that it names.
            problems += error.problems.filter { one in !problems.contains { $0.field == one.field } }
            identity = nil
        }
        guard problems.isEmpty, let identity else { throw ConfigurationError(problems: problems, partial: loaded) }
        return ServableConfiguration(loaded: loaded, identity: identity, denyFiles: denied.files)
    }
}
