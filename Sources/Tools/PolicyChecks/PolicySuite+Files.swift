public import Configuration

extension PolicySuite {
    /// Reads suites.
    ///
    /// - Throws: `ConfigurationError` with every problem of every file.
    public static func load(paths: [String]) throws(ConfigurationError) -> [PolicySuite] {
        var suites: [PolicySuite] = []
        var problems: [ConfigurationProblem] = []
        for path in paths {
            do {
                suites.append(try load(path: path))
            } catch {
                problems += error.problems
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return suites
    }
}
