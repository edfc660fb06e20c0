public import ArgumentParser
internal import Terminal

extension ExitCode {
    /// The check ran, and the answer is no.
    static let no = ExitCode(CommandFailure.Status.no.rawValue)
    /// The check could not run.
    static let cannot = ExitCode(CommandFailure.Status.cannot.rawValue)
}

extension OutputFormat: ExpressibleByArgument {}
