public import ArgumentParser
internal import Terminal

extension ExitCode {
    /// Checked, and the answer is no.
    static let no = ExitCode(CommandFailure.Status.no.rawValue)
    /// Could not check.
    static let cannot = ExitCode(CommandFailure.Status.cannot.rawValue)
}

extension OutputFormat: ExpressibleByArgument {}
