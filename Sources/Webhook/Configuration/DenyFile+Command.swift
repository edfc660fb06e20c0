public import Terminal

extension DenyFile {
    /// Runs an operation on a deny file for a command.
    ///
    /// - Throws: `CommandFailure` with the file's name if the file cannot be used.
    public static func command<Result>(
        _ path: String, _ body: (String) throws(DenyFileError) -> Result
    ) throws(CommandFailure) -> Result {
        do throws(DenyFileError) {
            return try body(path)
        } catch {
            throw CommandFailure("\(path): \(error.sentence)")
        }
    }
}
