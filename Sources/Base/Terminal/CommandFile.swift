import Files
import Glibc

/// Files that a command reads or writes for its user. A failure names the file.
public enum CommandFile {
    /// The bytes of a file, or of a pipe, for whose writer this waits.
    ///
    /// - Throws: `CommandFailure` if it cannot be read, or has more than `maximumBytes`.
    public static func read(
        _ path: String, maximumBytes: Int = 1 << 20
    ) throws(CommandFailure) -> [UInt8] {
        do throws(FileError) {
            return try FileIO.read(path, maximumBytes: maximumBytes, waits: true)
        } catch {
            throw CommandFailure("\(path): \(error.sentence)")
        }
    }

    /// The bytes of standard input, up to its end.
    ///
    /// - Throws: `CommandFailure` if it cannot be read, or has more than `maximumBytes`.
    public static func readStandardInput(maximumBytes: Int) throws(CommandFailure) -> [UInt8] {
        do throws(FileError) {
            return try FileIO.read(descriptor: STDIN_FILENO, maximumBytes: maximumBytes)
        } catch {
            throw CommandFailure("standard input: \(error.sentence)")
        }
    }

    /// The open file that a path names: 1 for `-` and `/dev/stdout`, 2 for `/dev/stderr`. Nil for the path of a file.
    public static func stream(_ path: String) -> Int32? {
        path == "-" ? STDOUT_FILENO : FileIO.descriptor(named: path)
    }

    /// Tries whether a file can be written, before the work whose result it will hold.
    ///
    /// - Throws: `CommandFailure` if it cannot.
    public static func tryWriting(_ path: String) throws(CommandFailure) {
        do throws(FileError) {
            guard let stream = stream(path) else { return try FileIO.tryWriting(path) }
            guard FileIO.isPassedOnForWriting(stream) else { throw .notWritable }
        } catch {
            throw CommandFailure("\(path): \(error.sentence)")
        }
    }

    /// Writes a file, or to the stream that the path names.
    ///
    /// - Parameters:
    ///   - mode: the permissions of a new file.
    ///   - isReplacing: whether an existing file is replaced.
    /// - Throws: `CommandFailure` if the file exists or cannot be written.
    public static func write(
        _ bytes: [UInt8], to path: String, mode: UInt32 = 0o644, replacing isReplacing: Bool = true
    ) throws(CommandFailure) {
        do throws(FileError) {
            guard let stream = stream(path) else {
                return try FileIO.write(bytes, to: path, mode: mode, replacing: isReplacing)
            }
            guard stream != STDOUT_FILENO else { return Console.write(bytes) }
            guard FileIO.isPassedOnForWriting(stream), FileIO.writeAll(bytes, to: stream) else { throw .notWritable }
        } catch {
            throw CommandFailure("\(path): \(error.sentence)\(error == .exists ? "; --force replaces it" : "")")
        }
    }

    /// Creates a folder and its parents if they do not exist.
    ///
    /// - Throws: `CommandFailure` if one cannot be made.
    public static func makeFolder(_ path: String) throws(CommandFailure) {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += part + "/"
            if mkdir(made, 0o755) != 0, errno != EEXIST {
                let reason =
                    switch errno {
                    case ENOTDIR: "a part of the path is no folder"
                    // In /proc, which is there.
                    case ENOENT: "the system makes none there"
                    case EACCES, EPERM: geteuid() == 0 ? "the system makes none there" : "this user may not"
                    case let code: String(cString: strerror(code))
                    }
                throw CommandFailure("\(path): the folder cannot be made: \(reason)")
            }
        }
    }
}
