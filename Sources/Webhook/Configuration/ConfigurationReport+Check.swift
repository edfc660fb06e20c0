import Jansson
public import Terminal
public import Timestamps

extension ConfigurationReport {
    /// Loads a configuration as `serve` would, and looks for what is unwise.
    ///
    /// - Parameter looksAtFiles: false to leave out the files that it names, which are on another machine.
    /// - Throws: `ConfigurationError` if the file cannot be read and `format` is for people, as in every
    ///   other command.
    public init(checking file: String, looksAtFiles: Bool, format: LintFormat, now: Timestamp)
        throws(ConfigurationError)
    {
        do throws(ConfigurationError) {
            let findings = try ConfigurationReport.findings(in: file, looksAtFiles: looksAtFiles, now: now)
            self.init(file: file, problems: [], findings: findings, looksAtFiles: looksAtFiles)
        } catch {
            if format == .text, error.problems.contains(where: \.isAboutFile) { throw error }
            self.init(file: file, problems: error.problems, findings: [], looksAtFiles: looksAtFiles)
        }
    }

    private static func findings(
        in file: String, looksAtFiles: Bool, now: Timestamp
    ) throws(ConfigurationError) -> [LintFinding] {
        guard looksAtFiles else {
            let loaded = try ConfigurationLoader.load(path: file)
            return ConfigurationLinter.findings(in: loaded, facts: LintEnvironment(now: now))
        }
        let servable = try ServableConfiguration.load(file, waits: true)
        return ConfigurationLinter.findings(in: servable.loaded, facts: LintEnvironment(servable))
    }

    /// The report in a format for programs or pull requests; nil for text, whose lines go to standard error.
    ///
    /// - Parameter version: the program's version, for SARIF.
    public func formatted(as format: LintFormat, version: String) -> FormattedResult? {
        switch format {
        case .text: nil
        case .json: .json(json)
        case .markdown: .text(markdown)
        case .sarif: .json(sarif(version: version).json)
        }
    }
}
