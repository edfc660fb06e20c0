import Files
import Glibc

extension Console {
    /// Whether a path is a name of standard output. A rename would put a file in the place of its link.
    public static func isStandardOutput(_ path: String) -> Bool {
        ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(path)
    }

    /// Writes a result to a file and says so; without a file, to standard output.
    ///
    /// - Parameters:
    ///   - mode: the permissions of a new file.
    ///   - isReplacing: whether an existing file is replaced.
    /// - Throws: `CommandFailure` if the file exists or cannot be written.
    public static func write(_ result: [UInt8], to path: String?, mode: UInt32, replacing isReplacing: Bool) throws {
        guard let path, !isStandardOutput(path) else { return write(result) }
        do throws(FileError) {
            try FileIO.write(result, to: path, mode: mode, replacing: isReplacing)
        } catch {
            guard error == .exists else { throw CommandFailure("\(path): \(error.sentence)") }
            var status = stat()
            let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            throw CommandFailure(
                isFolder
                    ? "\(path): \(FileError.isFolder.sentence)" : "\(path): \(error.sentence); --force replaces it")
        }
        note("wrote \(path)")
    }
}
