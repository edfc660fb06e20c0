import Files
import Glibc
import Terminal

extension KubeconfigMerge {
    /// Adds the context of a kubeconfig to a file. A link is followed: its target is replaced, not the link.
    ///
    /// - Parameter isReplacing: whether a context of the same name is replaced.
    /// - Returns: false if there is no such file.
    /// - Throws: `CommandFailure` if the file cannot be used, or the name is taken.
    public static func merge(_ text: String, intoFile path: String, replacing isReplacing: Bool) throws -> Bool {
        guard let target = realpath(path, nil) else { return false }
        defer { free(target) }
        let real = String(cString: target)
        do {
            let old = try FileIO.read(real, maximumBytes: 4 << 20)
            let merged = try merge(Array(text.utf8), into: old, replacing: isReplacing)
            var status = stat()
            let mode = stat(real, &status) == 0 ? status.st_mode & 0o777 : 0o600
            try FileIO.write(merged, to: real, mode: mode)
        } catch let error as KubeconfigMergeError {
            let isTaken = if case .nameTaken = error { true } else { false }
            throw CommandFailure("\(path): \(error.sentence)\(isTaken ? "; --force replaces it" : "")")
        } catch let error as FileError {
            throw CommandFailure("\(path): \(error.sentence)")
        }
        return true
    }
}
