extension Console {
    /// Writes a result to a file and says so; without a file, to standard output.
    ///
    /// - Parameters:
    ///   - path: the file, or a stream as ``CommandFile/stream(_:)`` knows them.
    ///   - mode: the permissions of a new file.
    ///   - isReplacing: whether an existing file is replaced.
    /// - Throws: `CommandFailure` if the file exists or cannot be written.
    public static func write(_ result: [UInt8], to path: String?, mode: UInt32, replacing isReplacing: Bool) throws {
        guard let path else { return write(result) }
        try CommandFile.write(result, to: path, mode: mode, replacing: isReplacing)
        if CommandFile.stream(path) == nil { note("wrote \(path)") }
    }
}
