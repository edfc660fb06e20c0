import Files

/// The file of `logging.audit`.
public enum AuditFile {
    /// Why decisions cannot be written to the file; nil if they can, or if no file is configured.
    public static func problem(_ loaded: LoadedConfiguration) -> ConfigurationProblem? {
        guard let path = loaded.configuration.logging.audit, !FileIO.canAppend(to: path) else { return nil }
        return refusal(loaded)
    }

    /// The problem of a file that cannot be written.
    public static func refusal(_ loaded: LoadedConfiguration) -> ConfigurationProblem {
        let path = loaded.configuration.logging.audit ?? ""
        let cause = FileIO.obstacle(toAppending: path).map { ": \($0.sentence)" } ?? ""
        return loaded.problem("logging.audit", "\(path): cannot be written to\(cause)")
    }
}
