import SafeText
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

extension DenyFile {
    /// How a tenant without a deny list gets one, for people.
    ///
    /// - Parameter folder: that of the configuration, with a slash at its end; empty for the current folder.
    public static func advice(folder: String) -> String {
        "first `\(making(folder + "denied.json"))`, then add `deniedFile: denied.json` to the tenant"
    }

    /// The command that makes an empty list.
    public static func making(_ path: String) -> String { "echo '{\"denied\": []}' >\(ShellWord.quoted(path))" }
}
